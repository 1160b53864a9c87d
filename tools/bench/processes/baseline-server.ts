import type { AddressInfo } from 'node:net';
import { Queue } from 'bullmq';
import fastify from 'fastify';
import { newId } from '../../../src/shared/ids.ts';
import { createGroupCommit } from '../../../src/shared/platform/group-commit/group-commit.ts';
import { openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { openRedis } from '../../../src/shared/platform/redis/redis.ts';
import { asBullConnection } from '../../../src/shared/queue/queue.ts';

/** One submission as a baseline stores it. */
type Submission = { id: string; account: string; body: string };
type Keep = (submission: Submission) => Promise<unknown>;

const { env } = process;
const mode = process.argv[2] ?? '';
const sql = openDatabase({
  url: env['DATABASE_URL'] ?? '',
  poolMax: 10,
  prepare: true,
  applicationName: `bench-${mode}`,
});
const redis = openRedis(
  { url: env['REDIS_URL'] ?? '', clusterNodes: null, prefix: mode },
  'blocking',
  () => undefined,
);
const queue = new Queue<unknown, void, 'job'>(`baseline-${mode}`, { connection: asBullConnection(redis) });
const holdNano = 1_000_000n;

/**
 * Nothing but durable: many submissions in one insert, and their tickets in one pipeline beside it. No money,
 * no promise.
 */
const keepInGroups: Keep = createGroupCommit<Submission, undefined>({
  commit: async (submissions) => {
    await Promise.all([
      sql`
        insert into floor_jobs (id, account, body)
        select * from unnest(
          ${submissions.map(({ id }) => id)}::text[], ${submissions.map(({ account }) => account)}::text[],
          ${submissions.map(({ body }) => body)}::text[])`,
      queue.addBulk(
        submissions.map(({ id }) => ({ name: 'job' as const, data: { id }, opts: { jobId: id } })),
      ),
    ]);
    return submissions.map(() => undefined);
  },
  bytesOf: ({ body }) => body.length + 100,
  faultOf: () => 'nobody',
});

/** The usual way: a transaction that takes the money and stores the job, then a ticket. */
const keepOneByOne: Keep = async ({ id, account, body }) => {
  await sql.begin(async (tx) => {
    const taken = await tx`
      update classic_balances set available = available - ${holdNano}, held = held + ${holdNano}
      where account = ${account} and available >= ${holdNano}`;
    if (taken.count !== 1) throw new Error('insufficient funds');
    await tx`
      insert into classic_jobs (id, account, body, hold)
      values (${id}, ${account}, ${body}, ${holdNano})`;
    await tx`insert into classic_entries (account, amount, job) values (${account}, ${-holdNano}, ${id})`;
  });
  await queue.add('job', { id }, { jobId: id });
};

/** As if Redis were enough. */
const keepInQueue: Keep = ({ id, account, body }) => queue.add('job', { account, body }, { jobId: id });

const keep = { floor: keepInGroups, classic: keepOneByOne, 'bare-queue': keepInQueue }[mode];
if (keep === undefined) throw new Error(`unknown baseline ${JSON.stringify(mode)}`);

const app = fastify();
app.post('/v1/jobs', async (request, reply) => {
  const id = newId('job');
  const account = String(request.headers['x-account']);
  await keep({ id, account, body: JSON.stringify(request.body) });
  return reply.code(202).send({ id, state: 'waiting' });
});
await app.listen({ port: 0, host: '127.0.0.1' });
process.once('SIGTERM', () => process.exit(0));
console.log(`ready http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
