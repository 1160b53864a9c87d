import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { createLog } from '../src/shared/platform/log.ts';
import { createOutageLog } from '../src/shared/platform/outage-log.ts';
import { openReportedRedis } from '../src/shared/platform/redis/redis.ts';
import { selfSigned } from './support/self-signed.ts';
import { waitFor } from './support/wait-for.ts';

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

async function listen(listening: Server): Promise<number> {
  server = listening.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function run(role: string, env: Record<string, string>): Promise<{ code: number; report: string }> {
  const child = spawn(process.execPath, ['dist/main.js', role], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  let report = '';
  child.stderr.on('data', (bytes: Buffer) => {
    report += bytes.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, report };
}

test.each(['require', 'verify-full'])(
  'a database whose certificate nobody vouches for is told in one sentence that says what to do (sslmode=%s)',
  async (mode) => {
    const port = await listen(
      createTcpServer((socket) => {
        socket
          .on('error', () => undefined)
          .once('data', () => {
            socket.write('S');
            const secured = new TLSSocket(socket, { isServer: true, ...selfSigned });
            secured.on('error', () => undefined);
          });
      }),
    );
    const { code, report } = await run('migrate', {
      DATABASE_URL: `postgres://user:password@127.0.0.1:${port}/gateway?sslmode=${mode}`,
      REDIS_URL: 'redis://127.0.0.1:1',
      SIMULATOR_URL: 'http://127.0.0.1:1',
    });
    expect(code).toBe(78);
    expect(report).toMatch(/DATABASE_URL: the certificate .*sslrootcert=.*uselibpqcompat=true/);
    expect(report).not.toMatch(/^\s+at /m);
    expect(report).not.toContain('password');
  },
);

test('a Redis whose certificate nobody vouches for is told once, with what to do', async () => {
  const port = await listen(createTlsServer(selfSigned).on('tlsClientError', () => undefined));
  const lines: string[] = [];
  const log = createLog('silent', 'test');
  log.warn = (_facts: unknown, text?: unknown) => void lines.push(String(text));
  const settings = { url: `rediss://127.0.0.1:${port}`, clusterNodes: null, prefix: 'x' };
  const connection = openReportedRedis(settings, 'commands', 'commands', createOutageLog(log, 'redis'));
  await waitFor('the line', () => lines.length > 0);
  expect(lines).toEqual([
    expect.stringMatching(/certificate of redis cannot be verified.*NODE_EXTRA_CA_CERTS/),
  ]);
  connection.disconnect();
});
