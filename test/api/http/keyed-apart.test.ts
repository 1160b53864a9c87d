import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { openReceiver, type Receiver } from '../../workers/deliveries/receiver.ts';
import { openTestServer, type TestAccount, type TestServer } from '../test-server.ts';

let server: TestServer;
let hanging: Receiver;
let healthy: Receiver;
let held: ServerResponse[] = [];
beforeAll(async () => {
  server = await openTestServer((deps) => {
    deps.config.webhooks.allowPrivate = true;
  });
  hanging = await openReceiver();
  hanging.answer((response) => held.push(response));
  healthy = await openReceiver();
});
beforeEach(() => {
  held = [];
});
afterAll(async () => {
  await server.close();
  await hanging.close();
  await healthy.close();
});

const release = () => {
  for (const response of held) response.writeHead(204).end();
};

async function endpointOf(account: TestAccount, receiver: Receiver): Promise<string> {
  const body = { name: 'a', url: receiver.url, event_types: ['job.failed'] };
  const { json } = await server.call('POST /v1/webhook_endpoints', { as: account.key, body });
  return json.id;
}

const tryEndpoint = (account: TestAccount, id: string, key: string) =>
  server.call(`POST /v1/webhook_endpoints/${id}/test`, {
    as: account.key,
    body: { event_type: 'job.failed' },
    headers: { 'idempotency-key': key },
  });

const submit = (account: TestAccount, headers: Record<string, string> = {}, content = 'hi') =>
  server.call('POST /v1/jobs', {
    as: account.key,
    body: { request: { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content }] } },
    headers,
  });

describe('while the work of a keyed request takes long', () => {
  test('a job under the same key is a conflict at once, and jobs of others beside it are accepted', async () => {
    const [hostile, other] = [await server.openAccount({ usd: '1' }), await server.openAccount({ usd: '1' })];
    const slow = tryEndpoint(hostile, await endpointOf(hostile, hanging), 'K');
    await waitFor('the receiver to be asked', () => held.length === 1);

    const [refused, ...accepted] = await Promise.all([
      submit(hostile, { 'idempotency-key': 'K' }),
      submit(other),
      submit(other, { 'idempotency-key': 'K' }),
      submit(hostile),
    ]);
    expect([refused.status, refused.json.error_type]).toEqual([409, 'idempotency_conflict']);
    expect(accepted.map(({ status }) => status)).toEqual([202, 202, 202]);

    release();
    expect((await slow).status).toBe(200);
    const again = await tryEndpoint(hostile, 'whe_gone', 'K');
    expect([again.status, again.json.error_type]).toEqual([409, 'idempotency_conflict']);
  });

  test('six of them hold no connection and no turn of another account', async () => {
    const [hostile, other] = [await server.openAccount(), await server.openAccount()];
    const id = await endpointOf(hostile, hanging);
    const slow = Array.from({ length: 6 }, (_, index) => tryEndpoint(hostile, id, `slow ${index}`));
    await waitFor('the receiver to be asked by six', () => held.length === 6);
    expect(await server.owner`select 1 from pg_stat_activity where state = 'idle in transaction'`).toEqual(
      [],
    );

    const answered = await tryEndpoint(other, await endpointOf(other, healthy), 'quick');
    expect([answered.status, answered.json.success]).toEqual([200, true]);
    release();
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(Array(6).fill(200));
  });

  test('the same request waits for its answer and gets the same bytes; the work is done once', async () => {
    const account = await server.openAccount();
    const id = await endpointOf(account, hanging);
    const before = hanging.received.length;
    const first = tryEndpoint(account, id, 'twice');
    await waitFor('the receiver to be asked', () => held.length === 1);
    const second = tryEndpoint(account, id, 'twice');
    const looked = () => server.owner`
      select 1 from pg_stat_activity
        where query like '%from idempotency_keys%locked_until > now()%' and pid <> pg_backend_pid()`;
    await waitFor('a look at the key', async () => (await looked()).length > 0);
    release();
    const [one, two] = await Promise.all([first, second]);
    expect([one.status, two.status, two.headers['idempotent-replayed']]).toEqual([200, 200, 'true']);
    expect(two.text).toBe(one.text);
    expect(hanging.received.length).toBe(before + 1);
  });
});

describe('a key', () => {
  const claim = (accountId: string, key: string, fingerprint: string, until: string) => server.owner`
    insert into idempotency_keys (account_id, key, fingerprint, status, reply, claim_token, locked_until)
    values (${accountId}, ${key}, ${fingerprint}, 0, '', 'of a process that died',
      now() + ${until}::interval)`;
  const makeKey = (account: TestAccount, key: string, expires_at: string | null = null) =>
    server.call('POST /v1/keys', {
      as: account.key,
      body: { expires_at },
      headers: { 'idempotency-key': key },
    });

  test('whose process died is taken over by the same request once its claim has ended', async () => {
    const account = await server.openAccount();
    await makeKey(account, 'dead');
    await server.owner`
      update idempotency_keys set claim_token = 'of a process that died',
        locked_until = now() - interval '1 second'
      where account_id = ${account.id}`;
    const taken = await makeKey(account, 'dead');
    expect([taken.status, taken.headers['idempotent-replayed']]).toEqual([201, undefined]);
    const again = await makeKey(account, 'dead');
    expect([again.text, again.headers['idempotent-replayed']]).toEqual([taken.text, 'true']);
  });

  test('under which another request is at work is a conflict at once', async () => {
    const account = await server.openAccount({ usd: '1' });
    await claim(account.id, 'busy', 'of another request', '1 hour');
    for (const answer of [
      await makeKey(account, 'busy'),
      await submit(account, { 'idempotency-key': 'busy' }),
    ]) {
      expect([answer.status, answer.json.error_type]).toEqual([409, 'idempotency_conflict']);
    }
  });

  test('is given back by a refusal, and counted no longer', async () => {
    const account = await server.openAccount();
    expect((await makeKey(account, 'again', '2020-01-01T00:00:00Z')).status).toBe(422);
    expect((await makeKey(account, 'again')).status).toBe(201);
    const [row] = await server.owner`select idempotency_keys from balances where account_id = ${account.id}`;
    expect(row).toEqual({ idempotency_keys: 1 });
  });

  test('that was taken over while its first request was at work keeps only what the second one did', async () => {
    const account = await server.openAccount();
    await server.owner.unsafe(`
      create function hold_up() returns trigger language plpgsql as $$ begin
        perform pg_advisory_xact_lock(1);
        return null;
      end $$;
      create trigger hold_up after insert on api_keys for each row execute function hold_up()`);
    const waits = () => server.owner`select 1 from pg_locks where locktype = 'advisory' and not granted`;
    const slow = await server.owner.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(1)`;
      const answer = makeKey(account, 'stolen');
      await waitFor('the key to be made', async () => (await waits()).length > 0);
      await server.owner`
        update idempotency_keys set claim_token = 'of another process',
          locked_until = now() + interval '1 second'
        where account_id = ${account.id}`;
      return { answer };
    });
    const answer = await slow.answer;
    await server.owner.unsafe('drop function hold_up cascade');
    expect(answer.status).toBe(201);
    // The one that makes the call, and one more.
    expect(await keysOf(account)).toBe(2);
    expect((await makeKey(account, 'stolen')).text).toBe(answer.text);
  });
});

async function keysOf(account: TestAccount): Promise<number> {
  return (await server.owner`select 1 from api_keys where account_id = ${account.id}`).length;
}
