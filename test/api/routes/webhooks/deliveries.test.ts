import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../../src/shared/ids.ts';
import { openTestServer, type TestAccount, type TestServer } from '../../test-server.ts';

let server: TestServer;
let account: TestAccount;
beforeAll(async () => {
  server = await openTestServer();
  account = await server.openAccount();
});
afterAll(() => server.close());

async function owe(accountId: string, state = 'exhausted', body = '{}'): Promise<string> {
  const id = newId('dlv');
  const due = state === 'pending' ? new Date() : null;
  await server.owner`insert into deliveries (id, account_id, event_id, event_type, job_id, url, body,
    state, tries,
      next_attempt_at)
    values (${id}, ${accountId}, ${`evt_of_${id}`}, 'job.failed', 'job_1', 'https://example.com/hook',
      ${body}, ${state}, 3,
      ${due})`;
  await server.owner`insert into delivery_attempts (delivery_id, number, status_code, duration_ms,
    remote_ip, outcome)
    values (${id}, 1, 500, 12, '1.1.1.1', 'failed')`;
  return id;
}

describe('deliveries', () => {
  it('are listed newest first, in pages', async () => {
    const lister = await server.openAccount({ scopes: ['read'] });
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.unshift(await owe(lister.id, n === 0 ? 'delivered' : 'exhausted'));
    const first = await server.call('GET /v1/deliveries?limit=2', { as: lister.key });
    expect(first.json).toMatchObject({ object: 'list', has_more: true, first_id: ids[0], last_id: ids[1] });
    expect(first.json.data[0]).toEqual({
      id: ids[0],
      object: 'delivery',
      event_id: `evt_of_${ids[0]}`,
      event_type: 'job.failed',
      job_id: 'job_1',
      batch_id: null,
      endpoint_id: null,
      url: 'https://example.com/hook',
      status: 'exhausted',
      attempts: [
        {
          at: expect.stringMatching(/Z$/),
          outcome: 'failed',
          status_code: 500,
          error: null,
          duration_ms: 12,
          remote_ip: '1.1.1.1',
        },
      ],
      next_attempt_at: null,
      created_at: expect.stringMatching(/Z$/),
    });
    const rest = await server.call(`GET /v1/deliveries?after=${ids[1]}`, { as: lister.key });
    expect(rest.json.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2));
    expect(rest.json.has_more).toBe(false);
    const delivered = await server.call('GET /v1/deliveries?status=delivered', { as: lister.key });
    expect(delivered.json.data).toHaveLength(1);
    expect((await server.call('GET /v1/deliveries?limit=101', { as: lister.key })).status).toBe(422);
  });

  it('are shown to their account only', async () => {
    const id = await owe(account.id);
    const stranger = await server.openAccount();
    expect((await server.call(`GET /v1/deliveries/${id}`, { as: account.key })).json.id).toBe(id);
    expect((await server.call(`GET /v1/deliveries/${id}`, { as: stranger.key })).status).toBe(404);
    expect((await server.call(`POST /v1/deliveries/${id}/replay`, { as: stranger.key })).status).toBe(404);
    expect((await server.call('GET /v1/deliveries/dlv_none', { as: account.key })).status).toBe(404);
  });

  it('are sent again on request, once per idempotency key', async () => {
    const id = await owe(account.id);
    const headers = { 'idempotency-key': 'again' };
    const first = await server.call(`POST /v1/deliveries/${id}/replay`, { as: account.key, headers });
    expect(first.status).toBe(202);
    expect(first.json).toMatchObject({ id, event_id: `evt_of_${id}`, status: 'pending' });
    const repeat = await server.call(`POST /v1/deliveries/${id}/replay`, { as: account.key, headers });
    expect(repeat.text).toBe(first.text);
    expect(repeat.headers['idempotent-replayed']).toBe('true');
    const [row] = await server.owner`select tries, body from deliveries where id = ${id}`;
    expect(row).toEqual({ tries: 0, body: '{}' });
  });

  it('are not sent again while they are being sent, nor once erased', async () => {
    const sending = await owe(account.id, 'pending');
    await server.owner`update deliveries set lease_token = 'x', lease_until = now() + interval '1 minute' where id = ${sending}`;
    const erased = await owe(account.id, 'delivered', '');
    for (const id of [sending, erased]) {
      const answer = await server.call(`POST /v1/deliveries/${id}/replay`, { as: account.key });
      expect([answer.status, answer.json.error_type]).toEqual([409, 'invalid_state']);
    }
  });

  it('are replayed by "jobs", not by "read"', async () => {
    const reader = await server.openAccount({ scopes: ['read'] });
    const id = await owe(reader.id);
    expect((await server.call(`POST /v1/deliveries/${id}/replay`, { as: reader.key })).status).toBe(403);
  });
});

describe('the webhook secret', () => {
  it('is made once, shown to "jobs" only, and stored sealed', async () => {
    const first = await server.call('GET /v1/webhook_secret', { as: account.key });
    expect(first.json.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(first.headers['cache-control']).toBe('no-store');
    expect((await server.call('GET /v1/webhook_secret', { as: account.key })).json).toEqual(first.json);
    const reader = await server.openAccount({ scopes: ['read'] });
    expect((await server.call('GET /v1/webhook_secret', { as: reader.key })).status).toBe(403);
    const [row] = await server.owner`select webhook_secret as kept from accounts where id = ${account.id}`;
    expect(String(row?.['kept'])).not.toContain(first.json.secret.slice(6, 20));
  });

  it('concurrent first askers get the same one', async () => {
    const asker = await server.openAccount();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => server.call('GET /v1/webhook_secret', { as: asker.key })),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it('is rotated, and a repeat of the rotation rotates nothing', async () => {
    const { key, id } = await server.openAccount();
    const before = (await server.call('GET /v1/webhook_secret', { as: key })).json.secret;
    const headers = { 'idempotency-key': 'rotate' };
    const rotated = await server.call('POST /v1/webhook_secret/rotate', { as: key, headers });
    expect(rotated.status).toBe(200);
    expect(rotated.json.secret).not.toBe(before);
    const repeat = await server.call('POST /v1/webhook_secret/rotate', { as: key, headers });
    expect(repeat.json).toEqual(rotated.json);
    expect((await server.call('GET /v1/webhook_secret', { as: key })).json).toEqual(rotated.json);
    const [row] = await server.owner`select webhook_secret_previous is not null as kept,
      webhook_secret_previous_until > now() + interval '23 hours' as day from accounts where id = ${id}`;
    expect(row).toEqual({ kept: true, day: true });
  });
});
