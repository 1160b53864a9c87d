import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendToFile, beginFile, finishFile } from '../../../../src/shared/batches/sql/files.ts';
import { newId } from '../../../../src/shared/ids.ts';
import { chatLine } from '../../../support/batches.ts';
import { openTestServer, type TestAccount, type TestServer } from '../../test-server.ts';

let server: TestServer;
/** Lets the slices of this account wait until it is told to go on. */
let held: { accountId: string; waiting: number; goOn: Promise<void> } | null = null;

beforeAll(async () => {
  server = await openTestServer((deps) => {
    const { validator } = deps;
    deps.validator = {
      ...validator,
      lines: async (lines, owner) => {
        if (held?.accountId === owner.accountId) {
          held.waiting += 1;
          await held.goOn;
        }
        return await validator.lines(lines, owner);
      },
    };
  });
});
afterAll(() => server.close());

async function keepLines(accountId: string, lines: string[]): Promise<string> {
  const id = newId('file');
  await beginFile(server.sql, { id, accountId, purpose: 'batch', filename: 'lines.jsonl' });
  await appendToFile(server.sql, id, Buffer.from(lines.map((line) => `${line}\n`).join('')));
  await finishFile(server.sql, { id, expiresInSeconds: 3600 });
  return id;
}

const lines = (count: number) =>
  Array.from({ length: count }, (_, index) => chatLine(`line-${index}`, 'openai/gpt-5-mini', 'x'));

const estimate = (as: TestAccount, input_file_id: string) =>
  server.call('POST /v1/batches/estimate', {
    as: as.key,
    body: { input_file_id, endpoint: '/v1/chat/completions' },
  });

function gate(): { goOn: Promise<void>; resolve(): void } {
  let resolve: () => void = () => undefined;
  const goOn = new Promise<void>((open) => {
    resolve = open;
  });
  return { goOn, resolve };
}

test('an account has two under way at a time, and nobody else waits for them', async () => {
  const [busy, other] = [await server.openAccount(), await server.openAccount()];
  const [file, theirs] = [await keepLines(busy.id, lines(3)), await keepLines(other.id, lines(3))];
  const { goOn, resolve } = gate();
  held = { accountId: busy.id, waiting: 0, goOn };
  const first = [estimate(busy, file), estimate(busy, file)];
  await expect.poll(() => held?.waiting).toBe(2);
  const third = await estimate(busy, file);
  expect(third).toMatchObject({
    status: 429,
    json: { error_type: 'rate_limited', error: { code: 'rate_limit_exceeded' } },
  });
  expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
  expect(await estimate(other, theirs)).toMatchObject({ status: 200 });
  resolve();
  const answers = await Promise.all(first);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  held = null;
  expect(await estimate(busy, file)).toMatchObject({ status: 200 });
});

test('one of many slices tells of each line once', async () => {
  const account = await server.openAccount();
  const file = await keepLines(account.id, [...lines(1000), chatLine('odd', 'openai/none', 'x')]);
  const { json } = await estimate(account, file);
  expect(json).toMatchObject({
    request_counts: { total: 1001, accepted: 1000, refused: 1 },
    refused: [{ line: 1001, custom_id: 'odd' }],
    errors: null,
  });
});

test('a file that is deleted meanwhile is not there, and no shorter one is priced', async () => {
  const account = await server.openAccount();
  const file = await keepLines(account.id, lines(3));
  const { goOn, resolve } = gate();
  held = { accountId: account.id, waiting: 0, goOn };
  const answer = estimate(account, file);
  await expect.poll(() => held?.waiting).toBe(1);
  await server.owner`delete from files where id = ${file}`;
  resolve();
  expect(await answer).toMatchObject({ status: 404 });
});
