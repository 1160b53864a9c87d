import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import type { Child } from '../../../tools/stack/child.ts';
import { startPostgres } from '../../../tools/stack/embedded-postgres.ts';
import { removePostgres } from '../../../tools/stack/postgres-launcher.ts';

const dir = mkdtempSync(join(tmpdir(), 'postgres-'));
const children: Child[] = [];
const onSpawn = (child: Child) => void children.push(child);

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop(5000)));
});

async function ask(url: string, statement: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

test('what was committed is there again after every process was killed', async () => {
  // What a first start leaves when it is killed: half of a cluster, under another name.
  mkdirSync(join(dir, 'data.new'));
  writeFileSync(join(dir, 'data.new/PG_VERSION'), '18\n');
  const first = await startPostgres({ dir, onSpawn });
  await ask(first.ownerUrl, 'create table kept as select 42 as answer');
  const [child] = children.splice(0);
  process.kill(child?.pid ?? 0, 'SIGKILL');
  await child?.ended;
  expect(existsSync(join(dir, 'data/postmaster.pid')) || existsSync(join(dir, 'unprivileged'))).toBe(true);
  // The pid in the lock file may have gone to another program meanwhile.
  if (existsSync(join(dir, 'data/postmaster.pid')))
    writeFileSync(join(dir, 'data/postmaster.pid'), `${process.pid}\n`);

  const second = await startPostgres({ dir, onSpawn });
  expect(await ask(second.ownerUrl, 'select answer from kept')).toEqual([{ answer: 42 }]);
  expect(await ask(second.appUrl, "select pg_has_role('gateway_runtime', 'member') as member")).toEqual([
    { member: true },
  ]);
  await Promise.all(children.splice(0).map((one) => one.stop(5000)));
  removePostgres(dir);
  expect(existsSync(dir)).toBe(false);
});
