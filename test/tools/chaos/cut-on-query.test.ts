import pg from 'pg';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../../tools/chaos/fault-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { waitFor } from '../../support/wait-for.ts';

let database: TestDatabase;
let proxy: FaultProxy;
let proxiedUrl: string;
let direct: postgres.Sql;
let sql: postgres.Sql;

/** A driver that pipelines, which the gateway's own does not. */
const openWith = (url: string, max: number, prepare = true) =>
  postgres(url, { max, prepare, connect_timeout: 5, onnotice: () => undefined });

beforeEach(async () => {
  database = await createTestDatabase();
  direct = openWith(database.ownerUrl, 1);
  await direct`create table notes (id serial primary key, text text not null unique)`;
  await direct.unsafe(`create function keep_note(note text) returns table (ord int) language sql as
    'insert into notes (text) values (note) returning id'`);
  const url = new URL(database.ownerUrl);
  proxy = await startFaultProxy({
    target: { host: url.hostname, port: Number(url.port) },
    protocol: 'postgres',
  });
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  proxiedUrl = url.href;
  sql = openWith(proxiedUrl, 1);
});
afterEach(async () => {
  await sql.end(atOnce);
  await proxy.close();
  await direct.end();
  await database.drop();
});

const keepNote = (text: string, db: postgres.Sql = sql) => db`select ord from keep_note(${text})`.execute();
const notes = async () => (await direct`select text from notes order by id`).map((row) => row['text']);

/** The driver waits without end for a query that a reset has already ended. */
const atOnce = { timeout: 0 };

/** The code of the error each promise ended with, or `ok`. */
async function endings(promises: Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(promises);
  // A socket says its error before its close, and the driver forgets a query that it is given in between.
  for (let turn = 0; turn < 2; turn++) await new Promise((next) => setImmediate(next));
  return settled.map((one) => (one.status === 'fulfilled' ? 'ok' : String(one.reason.code)));
}

describe('a cut before a statement', () => {
  it('leaves no row, and the client with an error', async () => {
    const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'before', times: 1 });
    expect(await endings([keepNote('first')])).toEqual(['ECONNRESET']);
    expect(cut.hits()).toBe(1);
    expect(await endings([keepNote('second')])).toEqual(['ok']);
    expect(await notes()).toEqual(['second']);
    expect(cut.hits()).toBe(1);
  });

  it('finds a statement that was prepared before the rule was made', async () => {
    await keepNote('first');
    await keepNote('second');
    const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'before', times: 2 });
    expect(await endings([keepNote('third')])).toEqual(['ECONNRESET']);
    expect(await endings([keepNote('fourth')])).toEqual(['ECONNRESET']);
    expect(await endings([keepNote('fifth')])).toEqual(['ok']);
    expect(cut.hits()).toBe(2);
    expect(await notes()).toEqual(['first', 'second', 'fifth']);
  });

  it('undoes the transaction it is in', async () => {
    const cut = proxy.cutOnQuery({ contains: 'commit', when: 'before', times: 1 });
    const work = sql.begin(async (tx) => {
      await tx`select ord from keep_note('first')`;
    });
    expect(await endings([work])).not.toEqual(['ok']);
    expect(cut.hits()).toBe(1);
    await waitFor('the server to notice', async () => {
      const open = await direct`select 1 from pg_stat_activity where datname = current_database()
        and pid <> pg_backend_pid()`;
      return open.length === 0;
    });
    expect(await notes()).toEqual([]);
  });
});

describe('a cut after a statement', () => {
  it('leaves the row, and the client with an error', async () => {
    const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'after', times: 1 });
    expect(await endings([keepNote('first')])).toEqual(['ECONNRESET']);
    expect(cut.hits()).toBe(1);
    expect(await notes()).toEqual(['first']);
    expect(await endings([keepNote('second')])).toEqual(['ok']);
    expect(await notes()).toEqual(['first', 'second']);
  });

  it('cuts off one statement of a pipeline: what came before is answered, what came after is not run', async () => {
    await keepNote('prepared');
    await sql`insert into notes (text) values (${'plain'})`;
    const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'after', times: 1 });
    const plain = (text: string) => sql`insert into notes (text) values (${text})`.execute();
    const all = [plain('one'), plain('two'), keepNote('three'), plain('four'), plain('five')];
    // Node reports a reset as an end when it comes together with bytes, so the driver's code is one or the
    // other.
    const isAnswered = (await endings(all)).map((ending) => ending === 'ok');
    expect(isAnswered).toEqual([true, true, false, false, false]);
    expect(cut.hits()).toBe(1);
    expect(await notes()).toEqual(['prepared', 'plain', 'one', 'two', 'three']);
  });

  it('finds statements that are not prepared, and simple queries', async () => {
    const unprepared = openWith(proxiedUrl, 1, false);
    const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'after', times: 2 });
    expect(await endings([keepNote('first', unprepared)])).toEqual(['ECONNRESET']);
    const simple = unprepared`select ord from keep_note('second')`.simple();
    expect(await endings([simple])).toEqual(['ECONNRESET']);
    await unprepared.end(atOnce);
    expect(cut.hits()).toBe(2);
    expect(await notes()).toEqual(['first', 'second']);
  });

  it('waits for the commit of a transaction, and loses that answer', async () => {
    const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'after', times: 1 });
    let inside: unknown;
    const work = sql.begin(async (tx) => {
      inside = await tx`select ord from keep_note(${'first'})`;
      await tx`insert into notes (text) values (${'second'})`;
    });
    expect(await endings([work])).not.toEqual(['ok']);
    expect(inside).toHaveLength(1);
    expect(cut.hits()).toBe(1);
    expect(await notes()).toEqual(['first', 'second']);
  });

  it('passes the answer where the server undid the statement, and waits for another', async () => {
    await keepNote('first');
    const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'after', times: 1 });
    expect(await endings([keepNote('first')])).toEqual(['23505']);
    const work = sql.begin(async (tx) => {
      await tx`select ord from keep_note(${'second'})`;
      throw Object.assign(new Error('changed my mind'), { code: 'undone' });
    });
    expect(await endings([work])).toEqual(['undone']);
    expect(cut.hits()).toBe(0);
    expect(await endings([keepNote('third')])).toEqual(['ECONNRESET']);
    expect(cut.hits()).toBe(1);
    expect(await notes()).toEqual(['first', 'third']);
  });

  it('loses a large answer whole, to a large statement', async () => {
    const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'after', times: 1 });
    const text = 'x'.repeat(2 ** 22);
    const answer = sql`select ${text}::text as back, (select count(ord) from keep_note(${'first'}))`;
    expect(await endings([answer.execute()])).toEqual(['ECONNRESET']);
    expect(cut.hits()).toBe(1);
    expect(await notes()).toEqual(['first']);
  });

  it('lets the rows of a COPY through before it', async () => {
    const cut = proxy.cutOnQuery({ contains: 'copy notes', when: 'after', times: 1 });
    const rows = await sql`copy notes (text) from stdin`.writable();
    rows.on('error', () => undefined).end('first\nsecond\n');
    await waitFor('the cut', () => cut.hits() === 1);
    expect(await notes()).toEqual(['first', 'second']);
  });

  it('meets as many connections as were asked for, and no more', async () => {
    const many = Array.from({ length: 6 }, () => openWith(proxiedUrl, 1));
    const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'after', times: 2 });
    const all = await endings(many.map((db, n) => keepNote(`note ${n}`, db)));
    for (const db of many) await db.end(atOnce);
    const failed = all.filter((ending) => ending !== 'ok');
    expect(failed).toHaveLength(2);
    expect(cut.hits()).toBe(2);
    expect(await notes()).toHaveLength(6);
  });
});

it('does nothing more once it is cancelled, and lets a kept answer go', async () => {
  const waiting = await direct.reserve();
  await waiting`begin`;
  await waiting`lock table notes`;
  const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'after', times: 1 });
  const kept = keepNote('first');
  const other = openWith(database.ownerUrl, 1);
  await waitFor('the statement to wait for the lock', async () => {
    const blocked = await other`select 1 from pg_stat_activity where wait_event_type = 'Lock'
      and datname = current_database()`;
    return blocked.length === 1;
  });
  cut.cancel();
  await waiting`rollback`;
  waiting.release();
  await other.end();
  expect(await endings([kept, keepNote('second')])).toEqual(['ok', 'ok']);
  expect(cut.hits()).toBe(0);
  expect(await notes()).toEqual(['first', 'second']);
});

it('passes what it does not cut: transactions, errors, large rows, a cancelled query, another driver', async () => {
  const cut = proxy.cutOnQuery({ contains: 'never said', when: 'after', times: 1 });
  await sql.begin((tx) => [tx`select ord from keep_note('a')`, tx`select ord from keep_note('b')`]);
  expect(await endings([keepNote('a')])).toEqual(['23505']);
  const [row] = await sql`select repeat('x', 3000000) as large`;
  expect(row?.['large']).toHaveLength(3_000_000);
  const sleeping = sql`select pg_sleep(60)`.execute();
  await waitFor('the sleep to begin', async () => {
    const running = await direct`select 1 from pg_stat_activity where query like '%pg_sleep(60)%'
      and pid <> pg_backend_pid() and state = 'active'`;
    return running.length === 1;
  });
  sleeping.cancel();
  expect(await endings([sleeping])).toEqual(['57014']);
  const client = new pg.Client({ connectionString: proxiedUrl });
  await client.connect();
  expect((await client.query('select text from notes where text = $1', ['b'])).rows).toEqual([{ text: 'b' }]);
  await client.end();
  expect(cut.hits()).toBe(0);
});

it('lets a server refuse encryption', async () => {
  const client = new pg.Client({ connectionString: proxiedUrl, ssl: true });
  await expect(client.connect()).rejects.toThrow('SSL');
  const preferring = openWith(`${proxiedUrl}?sslmode=prefer`, 1);
  const cut = proxy.cutOnQuery({ contains: 'keep_note', when: 'before', times: 1 });
  expect(await endings([keepNote('first', preferring)])).toEqual(['ECONNRESET']);
  expect(cut.hits()).toBe(1);
  await preferring.end(atOnce);
});

describe('a silence instead of a cut', () => {
  it.each([
    ['before', []],
    ['after', ['first']],
  ] as const)(
    '%s a statement leaves the client waiting, and the next connection served',
    async (when, kept) => {
      const silence = proxy.cutOnQuery({ contains: 'keep_note', when, times: 1, how: 'silence' });
      const waiting = keepNote('first');
      await waitFor('the silence', () => silence.hits() === 1);
      expect(await notes()).toEqual(kept);
      const other = openWith(proxiedUrl, 1);
      expect(await endings([keepNote('second', other)])).toEqual(['ok']);
      await other.end(atOnce);
      proxy.pass();
      expect(await endings([waiting])).toEqual(['ECONNRESET']);
    },
  );
});
