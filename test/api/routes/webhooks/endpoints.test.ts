import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostileHosts } from '../../../support/hostile-targets.ts';
import { openReceiver, type Receiver } from '../../../workers/deliveries/receiver.ts';
import { openTestServer, type TestAccount, type TestServer } from '../../test-server.ts';

let server: TestServer;
let account: TestAccount;
let reader: TestAccount;
beforeAll(async () => {
  server = await openTestServer();
  account = await server.openAccount();
  reader = await server.openAccount({ scopes: ['read'] });
});
afterAll(() => server.close());

const wanted = {
  name: 'Mine',
  url: 'https://example.com/hook',
  event_types: ['job.succeeded', 'batch.failed'],
};
const create = (as: TestAccount, change: object = {}, headers: Record<string, string> = {}) =>
  server.call('POST /v1/webhook_endpoints', { as: as.key, body: { ...wanted, ...change }, headers });

describe('webhook endpoints', () => {
  it('are made, and their secret is shown once and stored sealed', async () => {
    const made = await create(account);
    expect(made.status).toBe(200);
    expect(made.json).toEqual({
      id: expect.stringMatching(/^whe_/),
      object: 'webhook_endpoint',
      ...wanted,
      created_at: expect.any(Number),
      updated_at: null,
      signing_secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      signing_secret_hint: `whsec_...${made.json.signing_secret.slice(-5)}`,
      status: 'enabled',
      disabled_reason: null,
      failing_since: null,
    });
    expect(made.headers['cache-control']).toBe('no-store');
    const { signing_secret: secret, ...shown } = made.json;
    const read = await server.call(`GET /v1/webhook_endpoints/${shown.id}`, { as: account.key });
    expect([read.status, read.json]).toEqual([200, shown]);
    const [row] = await server.owner`select secret from webhook_endpoints where id = ${shown.id}`;
    expect(String(row?.['secret'])).not.toContain(secret.slice(6, 20));
  });

  it('are made once per idempotency key, with the same secret', async () => {
    const headers = { 'idempotency-key': 'endpoint' };
    const first = await create(account, {}, headers);
    const repeat = await create(account, {}, headers);
    expect(repeat.text).toBe(first.text);
    const [row] = await server.owner`select reply from idempotency_keys where key = 'endpoint'`;
    expect(row?.['reply']).not.toContain('whsec_');
  });

  it('are at most a hundred of an account, however many are made at once', async () => {
    const many = await server.openAccount();
    await server.sql`
      insert into webhook_endpoints (id, account_id, name, url, event_types, secret, secret_hint)
      select ${`whe_${many.id}_`} || n, ${many.id}, 'one of many', ${wanted.url},
        ${wanted.event_types}::text[], '', ''
      from generate_series(1, 98) n`;
    const answers = await Promise.all(Array.from({ length: 8 }, () => create(many)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429, 429, 429, 429, 429]);
  });

  it('are listed newest first, in pages', async () => {
    const lister = await server.openAccount();
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.unshift((await create(lister, { name: `n${n}` })).json.id);
    const first = await server.call('GET /v1/webhook_endpoints?limit=2', { as: lister.key });
    expect(first.json).toMatchObject({ object: 'list', has_more: true, first_id: ids[0], last_id: ids[1] });
    const rest = await server.call(`GET /v1/webhook_endpoints?after=${ids[1]}`, { as: lister.key });
    expect(rest.json.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2));
    expect(rest.text).not.toContain('signing_secret"');
  });

  it('refuse every URL that points inside, and what is no event', async () => {
    for (const host of hostileHosts) {
      const answer = await create(account, { url: `https://${host}/hook` });
      expect([host, answer.status, answer.json.error.param]).toEqual([host, 422, 'url']);
    }
    for (const bad of [
      { url: 'http://example.com/' },
      { url: 'https://me:secret@example.com/' },
      { event_types: [] },
      { event_types: ['job.exploded'] },
      { name: '' },
      { extra: 1 },
    ]) {
      expect([bad, (await create(account, bad)).status]).toEqual([bad, 422]);
    }
  });

  it('are changed, disabled and enabled', async () => {
    const { id } = (await create(account)).json;
    const change = (body: object) =>
      server.call(`POST /v1/webhook_endpoints/${id}`, { as: account.key, body });
    const renamed = await change({ name: 'Yours', event_types: ['job.failed'] });
    expect(renamed.json).toMatchObject({ name: 'Yours', url: wanted.url, event_types: ['job.failed'] });
    expect(renamed.json.updated_at).toEqual(expect.any(Number));
    expect((await change({ url: 'https://169.254.169.254/' })).status).toBe(422);
    expect((await change({ status: 'disabled' })).json).toMatchObject({
      status: 'disabled',
      disabled_reason: 'requested',
    });
    await server.owner`update webhook_endpoints set failures = 7, failing_since = now() where id = ${id}`;
    expect((await change({ status: 'enabled' })).json).toMatchObject({
      status: 'enabled',
      disabled_reason: null,
      failing_since: null,
    });
  });

  it('are deleted, and are not there any more', async () => {
    const { id } = (await create(account)).json;
    const gone = await server.call(`DELETE /v1/webhook_endpoints/${id}`, { as: account.key });
    expect([gone.status, gone.json]).toEqual([
      200,
      { id, object: 'webhook_endpoint.deleted', deleted: true },
    ]);
    for (const request of [
      `GET /v1/webhook_endpoints/${id}`,
      `DELETE /v1/webhook_endpoints/${id}`,
      `POST /v1/webhook_endpoints/${id}/rotate_secret`,
    ]) {
      expect((await server.call(request, { as: account.key })).status).toBe(404);
    }
    const [row] = await server.owner`select length(secret) as kept from webhook_endpoints where id = ${id}`;
    expect(row?.['kept']).toBe(0);
  });

  it('get a new secret, and the old one goes on for a day or ends at once', async () => {
    const made = (await create(account)).json;
    const rotate = (body?: object) =>
      server.call(`POST /v1/webhook_endpoints/${made.id}/rotate_secret`, {
        as: account.key,
        ...(body === undefined ? {} : { body }),
      });
    const days = async () => {
      const [row] = await server.owner`select secret_previous_until > now() + interval '23 hours' as day,
        secret_previous_until > now() as now from webhook_endpoints where id = ${made.id}`;
      return row;
    };
    const rotated = await rotate();
    expect(rotated.status).toBe(200);
    expect(rotated.json.signing_secret).not.toBe(made.signing_secret);
    expect(rotated.json.signing_secret_hint).toContain(rotated.json.signing_secret.slice(-5));
    expect(await days()).toEqual({ day: true, now: true });
    expect((await rotate({ keep_old_secret_active_for_24_hours: false })).status).toBe(200);
    expect(await days()).toEqual({ day: false, now: false });
  });

  it('belong to one account, and "read" only looks', async () => {
    const { id } = (await create(account)).json;
    const stranger = await server.openAccount();
    const since = '2030-01-01T00:00:00Z';
    const asked: [string, object | undefined][] = [
      [`GET /v1/webhook_endpoints/${id}`, undefined],
      [`POST /v1/webhook_endpoints/${id}`, { name: 'stolen' }],
      [`DELETE /v1/webhook_endpoints/${id}`, undefined],
      [`POST /v1/webhook_endpoints/${id}/rotate_secret`, undefined],
      [`POST /v1/webhook_endpoints/${id}/test`, { event_type: 'job.failed' }],
      [`POST /v1/webhook_endpoints/${id}/recover`, { since }],
    ];
    for (const [request, body] of asked) {
      const sent = body === undefined ? {} : { body };
      expect([request, (await server.call(request, { as: stranger.key, ...sent })).status]).toEqual([
        request,
        404,
      ]);
      if (request.startsWith('GET')) continue;
      expect([request, (await server.call(request, { as: reader.key, ...sent })).status]).toEqual([
        request,
        403,
      ]);
    }
    expect((await create(reader)).status).toBe(403);
    expect((await server.call('GET /v1/webhook_endpoints', { as: reader.key })).status).toBe(200);
    expect((await server.call('GET /v1/webhook_event_types', { as: reader.key })).json.data[0]).toBe(
      'job.succeeded',
    );
  });

  it('number a hundred at most', async () => {
    const many = await server.openAccount();
    const { id } = (await create(many)).json;
    await server.owner`insert into webhook_endpoints (id, account_id, name, url, event_types, secret,
      secret_hint)
      select id || n, account_id, name, url, event_types, secret, secret_hint
      from webhook_endpoints, generate_series(1, 99) n where id = ${id}`;
    expect((await create(many)).status).toBe(429);
  });
});

describe('a recovery', () => {
  it('is accepted for an endpoint that is enabled, and for a time that is one', async () => {
    const { id } = (await create(account)).json;
    const recover = (since: unknown) =>
      server.call(`POST /v1/webhook_endpoints/${id}/recover`, { as: account.key, body: { since } });
    const accepted = await recover('2030-01-01T00:00:00Z');
    expect(accepted.status).toBe(202);
    expect(accepted.json).toMatchObject({
      object: 'webhook_endpoint.recovery',
      webhook_endpoint_id: id,
      since: '2030-01-01T00:00:00.000Z',
    });
    expect((await recover('yesterday')).status).toBe(422);
    await server.call(`POST /v1/webhook_endpoints/${id}`, { as: account.key, body: { status: 'disabled' } });
    expect((await recover('2030-01-01T00:00:00Z')).status).toBe(409);
  });
});

describe('a test of an endpoint', () => {
  let open: TestServer;
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await openReceiver();
    open = await openTestServer((deps) => {
      deps.config = { ...deps.config, webhooks: { allowPrivate: true, retrySeconds: [1] } };
    });
  });
  afterAll(async () => {
    await open.close();
    await receiver.close();
  });

  it('posts one signed event and says what came of it', async () => {
    const { key } = await open.openAccount();
    const body = { ...wanted, url: receiver.url };
    const made = (await open.call('POST /v1/webhook_endpoints', { as: key, body })).json;
    const rotated = (await open.call(`POST /v1/webhook_endpoints/${made.id}/rotate_secret`, { as: key }))
      .json;
    const trial = () =>
      open.call(`POST /v1/webhook_endpoints/${made.id}/test`, {
        as: key,
        body: { event_type: 'job.failed' },
      });
    const answer = await trial();
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        object: 'webhook_endpoint.test',
        webhook_endpoint_id: made.id,
        event_type: 'job.failed',
        success: true,
        status_code: 204,
        error: null,
        duration_ms: expect.any(Number),
      },
    ]);
    const [post] = receiver.received;
    for (const secret of [made.signing_secret, rotated.signing_secret]) {
      const event = new Webhook(secret).verify(post?.body ?? '', post?.headers as Record<string, string>);
      expect(event).toMatchObject({ object: 'event', type: 'job.failed', data: { id: 'job_test' } });
    }
    receiver.answer((response) => response.writeHead(500).end());
    expect((await trial()).json).toMatchObject({ success: false, status_code: 500 });
    receiver.answer((response) => response.socket?.destroy());
    expect((await trial()).json).toMatchObject({
      success: false,
      status_code: null,
      error: expect.any(String),
    });
    const unknown = { event_type: 'job.exploded' };
    const refused = await open.call(`POST /v1/webhook_endpoints/${made.id}/test`, { as: key, body: unknown });
    expect(refused.status).toBe(422);
  });

  it('contacts no address inside', async () => {
    const { id } = (await create(account, { url: 'https://example.com/' })).json;
    await server.owner`update webhook_endpoints set url = ${receiver.url} where id = ${id}`;
    const before = receiver.connections();
    const body = { event_type: 'job.failed' };
    const answer = await server.call(`POST /v1/webhook_endpoints/${id}/test`, { as: account.key, body });
    expect(answer.json).toMatchObject({ success: false, error: 'ssrf_blocked' });
    expect(receiver.connections()).toBe(before);
  });
});
