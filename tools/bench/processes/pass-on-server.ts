import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import fastify from 'fastify';
import { Pool } from 'undici';
import { newId } from '../../../src/shared/ids.ts';
import { createGroupCommit } from '../../../src/shared/platform/group-commit/group-commit.ts';
import { openDatabase } from '../../../src/shared/platform/postgres/database.ts';

/**
 * The least that a synchronous call can cost in Node: Fastify and undici that only pass on. With `hold` two
 * statements besides, each for all calls that arrive together: money is held and the call stored before it is
 * made; it is charged and its answer stored before its caller has the end of it. No key, no check, no price,
 * no limit.
 */
type Held = { id: string; body: string };
type Settled = { id: string; answer: string };
type Ledger = { hold(body: string): Promise<string>; settle(id: string, answer: string): Promise<unknown> };

const { env } = process;
const holdNano = 1_000_000n;
const chargeNano = 400_000n;

function openLedger(): Ledger {
  const sql = openDatabase({
    url: env['DATABASE_URL'] ?? '',
    poolMax: 10,
    prepare: true,
    applicationName: 'bench-hold',
  });
  const hold = createGroupCommit<Held, undefined>({
    commit: async (calls) => {
      const amountNano = holdNano * BigInt(calls.length);
      await sql`
        with taken as (
          update passed_balance set available = available - ${amountNano}, held = held + ${amountNano}
        )
        insert into passed_calls (id, body, hold)
        select id, body, ${holdNano} from unnest(
          ${calls.map(({ id }) => id)}::text[], ${calls.map(({ body }) => body)}::text[]) as c (id, body)`;
      return calls.map(() => undefined);
    },
    bytesOf: ({ body }) => body.length + 100,
    faultOf: () => 'nobody',
  });
  const settle = createGroupCommit<Settled, undefined>({
    commit: async (calls) => {
      const count = BigInt(calls.length);
      const backNano = (holdNano - chargeNano) * count;
      await sql`
        with given as (
          update passed_balance set available = available + ${backNano}, held = held - ${holdNano * count}
        )
        update passed_calls p set answer = c.answer, charge = ${chargeNano} from unnest(
          ${calls.map(({ id }) => id)}::text[], ${calls.map(({ answer }) => answer)}::text[]
          ) as c (id, answer)
        where p.id = c.id`;
      return calls.map(() => undefined);
    },
    bytesOf: ({ answer }) => answer.length + 100,
    faultOf: () => 'nobody',
  });
  return {
    hold: async (body) => {
      const id = newId('job');
      await hold({ id, body });
      return id;
    },
    settle: (id, answer) => settle({ id, answer }),
  };
}

const nothing: Ledger = { hold: async () => '', settle: async () => undefined };
const ledger = process.argv[2] === 'hold' ? openLedger() : nothing;
const provider = new Pool(env['PROVIDER_URL'] ?? '', { connections: 128 });
const path = '/v1/chat/completions';
const headers = { 'content-type': 'application/json', authorization: 'Bearer none' };

const app = fastify();
app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
  done(null, body);
});
app.post<{ Body: string }>(path, async (request, reply) => {
  const id = await ledger.hold(request.body);
  const answer = await provider.request({ method: 'POST', path, headers, body: request.body });
  const type = String(answer.headers['content-type']);
  reply.code(answer.statusCode).header('content-type', type);
  if (type.startsWith('text/event-stream')) return reply.send(Readable.from(passOn(id, answer.body)));
  const text = await answer.body.text();
  await ledger.settle(id, text);
  return reply.send(text);
});

async function* passOn(id: string, body: AsyncIterable<Buffer>) {
  const seen: Buffer[] = [];
  for await (const bytes of body) {
    seen.push(bytes);
    yield bytes;
  }
  await ledger.settle(id, Buffer.concat(seen).toString());
}

await app.listen({ port: 0, host: '127.0.0.1' });
process.once('SIGTERM', () => process.exit(0));
console.log(`ready http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
