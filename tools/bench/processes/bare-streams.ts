import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { openRedis } from '../../../src/shared/platform/redis/redis.ts';
import { bareChannel } from '../bare-channel.ts';

/**
 * Server-sent events as they are quickly built: what is published on a channel of Redis goes to all readers.
 * No log, no ids, no end.
 */
const subscriber = openRedis(
  { url: process.env['REDIS_URL'] ?? '', clusterNodes: null, prefix: '' },
  'blocking',
  () => undefined,
);
const readers = new Map<string, (message: string) => void>();
subscriber.on('message', (channel: string, message: string) => readers.get(channel)?.(message));

const app = fastify();
app.get<{ Params: { id: string } }>('/v1/jobs/:id/events', async (request, reply) => {
  const channel = bareChannel(request.params.id);
  const { raw } = reply.hijack();
  raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  raw.on('close', () => {
    readers.delete(channel);
    subscriber.unsubscribe(channel).catch(() => undefined);
  });
  readers.set(channel, (message) => raw.write(`event: output.delta\ndata: ${message}\n\n`));
  await subscriber.subscribe(channel);
  raw.write('event: job.queued\ndata: {}\n\n');
});
await app.listen({ port: 0, host: '127.0.0.1' });
process.once('SIGTERM', () => process.exit(0));
console.log(`ready http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
