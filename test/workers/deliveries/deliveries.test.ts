import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eraseJob } from '../../../src/shared/jobs/sql/content.ts';
import { toSecretsKey } from '../../../src/shared/platform/seal.ts';
import { endpointThresholds } from '../../../src/shared/webhooks/rules/delivery.ts';
import { claimDeliveries, recordDeliveries } from '../../../src/shared/webhooks/sql/claim-deliveries.ts';
import { replaceWebhookSecret } from '../../../src/shared/webhooks/sql/secrets.ts';
import {
  newWebhookSecret,
  readWebhookSecret,
  sealEndpointSecret,
  sealWebhookSecret,
} from '../../../src/shared/webhooks/webhook-secret.ts';
import { insertEndedJob } from '../../api/planted-jobs.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type OwedDeliveries, openOwedDeliveries, secretsKey } from './owed-deliveries.ts';
import { openReceiver, type Received, type Receiver } from './receiver.ts';

let owed: OwedDeliveries;
let receiver: Receiver;
beforeEach(async () => {
  owed = await openOwedDeliveries();
  receiver = await openReceiver();
});
afterEach(async () => {
  await owed.close();
  await receiver.close();
});

const secretOf = async () => {
  const secret = await readWebhookSecret({ sql: owed.sql, secretsKey }, owed.accountId);
  if (secret === null) throw new Error('no secret');
  return secret;
};
const verify = (secret: string, { body, headers }: Received) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);

const body = JSON.stringify({
  id: 'evt_1',
  object: 'event',
  type: 'job.succeeded',
  created_at: 1,
  data: { id: 'job_1', text: 'żółw 😀' },
});

const failedTry = {
  isProbe: false,
  result: {
    outcome: 'failed' as const,
    statusCode: 500,
    error: null,
    retryAfterMs: null,
    durationMs: 1,
    remoteIp: null,
  },
  decision: { kind: 'again' as const, delayMs: 0 },
};

describe('a delivery', () => {
  it('that ended process after process is given up unposted', async () => {
    const tries = async (count: number) => {
      const id = await owed.owe(receiver.url);
      await owed.sql`update deliveries set tries = ${count} where id = ${id}`;
      return id;
    };
    const [lastHope, hopeless] = [await tries(2), await tries(3)];
    owed.start({ retrySeconds: [] });
    await owed.waitForState(lastHope, 'delivered');
    const { attempts } = await owed.waitForState(hopeless, 'exhausted');
    expect(attempts.at(-1)).toMatchObject({ outcome: 'failed', error: 'tries_lost' });
    expect(receiver.received).toHaveLength(1);
  });

  it('is verified by standardwebhooks and by the OpenAI SDK as they are', async () => {
    owed.start();
    const id = await owed.owe(`${receiver.url}?a=b`, body, 'evt_1');
    const row = await owed.waitForState(id, 'delivered');
    const [first] = receiver.received as [Received];
    expect(first.body).toBe(body);
    expect(first.url).toBe('/hook?a=b');
    expect(first.headers).toMatchObject({ 'webhook-id': 'evt_1', 'content-type': 'application/json' });
    const secret = await secretOf();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(verify(secret, first)).toEqual(JSON.parse(body));
    const client = new OpenAI({ apiKey: 'none', webhookSecret: secret });
    const event = await client.webhooks.unwrap(first.body, first.headers as Record<string, string>);
    expect(event).toEqual(JSON.parse(body));
    expect(row.attempts).toHaveLength(1);
    expect(row.attempts[0]).toMatchObject({
      outcome: 'delivered',
      status_code: 204,
      remote_ip: '127.0.0.1',
      error: null,
    });
    expect(row.nextAttemptAt).toBeNull();
  });

  it('is signed by both secrets after a rotation, and by the new one alone a day later', async () => {
    const old = await secretOf();
    const fresh = newWebhookSecret();
    const sealed = sealWebhookSecret(secretsKey, owed.accountId, fresh);
    await owed.sql.begin((tx) => replaceWebhookSecret(tx, owed.accountId, sealed));
    owed.start();
    await owed.waitForState(await owed.owe(receiver.url), 'delivered');
    const [during] = receiver.received as [Received];
    expect(String(during.headers['webhook-signature']).split(' ')).toHaveLength(2);
    verify(old, during);
    verify(fresh, during);
    await owed.sql`update accounts set webhook_secret_previous_until = now() - interval '1 second'`;
    await owed.waitForState(await owed.owe(receiver.url), 'delivered');
    const later = receiver.received[1] as Received;
    verify(fresh, later);
    expect(() => verify(old, later)).toThrow();
  });

  it('that cannot be signed goes through its schedule unsent, and is exhausted', async () => {
    const { id: endpointId } = await owed.openEndpoint(receiver.url);
    const sealedElsewhere = sealEndpointSecret(
      toSecretsKey(Buffer.alloc(32, 'another key')),
      endpointId,
      newWebhookSecret(),
    );
    await owed.sql`update webhook_endpoints set secret = ${sealedElsewhere} where id = ${endpointId}`;
    owed.start({ retrySeconds: [0.02, 0.02] });
    await owed.oweMany({ id: endpointId }, receiver.url, 1);
    const id = await waitFor('the delivery', async () => {
      const [row] = await owed.sql<
        { id: string }[]
      >`select id from deliveries where endpoint_id = ${endpointId}`;
      return row?.id;
    });
    const row = await owed.waitForState(id, 'exhausted');
    expect(row.attempts.map(({ outcome, error }) => [outcome, error])).toEqual([
      ['failed', 'signing_failed'],
      ['failed', 'signing_failed'],
      ['failed', 'signing_failed'],
    ]);
    expect(receiver.received).toEqual([]);
  });

  it('is tried again with the same id and bytes until it is taken', async () => {
    receiver.answer((response, nth) => response.writeHead(nth < 3 ? 500 : 200).end('thanks'));
    owed.start();
    const id = await owed.owe(receiver.url, body, 'evt_same');
    const row = await owed.waitForState(id, 'delivered');
    expect(row.attempts.map(({ outcome, status_code }) => [outcome, status_code])).toEqual([
      ['failed', 500],
      ['failed', 500],
      ['delivered', 200],
    ]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set(['evt_same']),
    );
    expect(new Set(receiver.received.map((one) => one.body))).toEqual(new Set([body]));
  });

  it('is exhausted after the schedule; a replay is a new chain with the same id and bytes', async () => {
    receiver.answer((response) => response.writeHead(503).end());
    const deliveries = owed.start({ retrySeconds: [0.02, 0.02] });
    const id = await owed.owe(receiver.url, body, 'evt_again');
    expect((await owed.waitForState(id, 'exhausted')).attempts).toHaveLength(3);
    receiver.answer((response) => response.writeHead(200).end());
    const { restartDelivery } = await import('../../../src/shared/webhooks/sql/deliveries.ts');
    expect(await owed.sql.begin((tx) => restartDelivery(tx, owed.accountId, id))).toBe(true);
    deliveries.wake();
    const row = await owed.waitForState(id, 'delivered');
    expect(row.attempts).toHaveLength(4);
    expect(new Set(receiver.received.map((one) => `${one.headers['webhook-id']} ${one.body}`)).size).toBe(1);
  });

  it('ends at 410, without another try', async () => {
    receiver.answer((response) => response.writeHead(410).end());
    owed.start();
    const row = await owed.waitForState(await owed.owe(receiver.url), 'exhausted');
    expect(row.attempts).toHaveLength(1);
  });

  it('never comes before Retry-After', async () => {
    receiver.answer((response) => response.writeHead(429, { 'retry-after': '3600' }).end());
    owed.start();
    const id = await owed.owe(receiver.url);
    const row = await waitFor('the first try', async () => {
      const found = await owed.find(id);
      return found.attempts[0]?.outcome === 'failed' && found;
    });
    expect(row.state).toBe('pending');
    expect((row.nextAttemptAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_590_000);
  });

  it('follows no redirect', async () => {
    const elsewhere = await openReceiver();
    receiver.answer((response) => response.writeHead(307, { location: elsewhere.url }).end());
    owed.start({ retrySeconds: [] });
    const row = await owed.waitForState(await owed.owe(receiver.url), 'exhausted');
    expect(row.attempts[0]).toMatchObject({ outcome: 'failed', status_code: 307 });
    expect(elsewhere.connections()).toBe(0);
    await elsewhere.close();
  });
});

describe('a hostile receiver', () => {
  const limits = { totalMsMax: 700, answerBytesMax: 64 * 1024 };

  it('that never answers costs no more than the limit', async () => {
    receiver.answer(() => undefined);
    owed.start({ retrySeconds: [], overrides: { limits } });
    const row = await owed.waitForState(await owed.owe(receiver.url), 'exhausted');
    expect(row.attempts[0]).toMatchObject({ outcome: 'failed', error: 'timeout', status_code: null });
    expect(row.attempts[0]?.duration_ms).toBeLessThan(1200);
  });

  it('that drips its headers costs no more than the limit', async () => {
    receiver.answer((response) => {
      const timer = setInterval(() => response.socket?.write('x'), 50);
      response.socket?.write('HTTP/1.1 200 OK\r\nx-slow: ');
      response.socket?.on('close', () => clearInterval(timer));
    });
    owed.start({ retrySeconds: [], overrides: { limits } });
    const row = await owed.waitForState(await owed.owe(receiver.url), 'exhausted');
    expect(row.attempts[0]?.error).toBe('timeout');
  });

  it('that drips its body, or never ends it, has said its status and is cut off', async () => {
    let sent = 0;
    receiver.answer((response, nth) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(nth === 1 ? 1 : 64 * 1024, 'x');
      const timer = setInterval(() => {
        if (response.write(chunk)) sent += chunk.length;
      }, 5);
      response.on('close', () => clearInterval(timer));
    });
    owed.start({ overrides: { limits } });
    for (const url of [receiver.url, `${receiver.url}/2`]) {
      const row = await owed.waitForState(await owed.owe(url), 'delivered');
      expect(row.attempts[0]?.duration_ms).toBeLessThan(1600);
    }
    await waitFor('the connections to be cut', async () => {
      const before = sent;
      await new Promise((next) => setTimeout(next, 30));
      return sent === before;
    });
    expect(sent).toBeLessThan(2 * 1024 * 1024);
  });

  it('that cuts the connection or sends rubbish has failed', async () => {
    receiver.answer((response, nth) => {
      if (nth === 1) response.socket?.destroy();
      else if (nth === 2) response.socket?.end('SMTP ready\r\n\r\n');
      else response.writeHead(200, { 'x-big': 'x'.repeat(100_000) }).end();
    });
    owed.start({ retrySeconds: [0.02, 0.02] });
    const row = await owed.waitForState(await owed.owe(receiver.url), 'exhausted');
    expect(row.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed']);
    expect(row.attempts.every(({ error }) => error !== null)).toBe(true);
  });

  it('does not hold up the others', async () => {
    receiver.answer(() => undefined);
    const healthy = await openReceiver('127.0.0.2');
    for (let n = 0; n < 300; n++) await owed.owe(receiver.url);
    const started = owed.start({ overrides: { limits: { ...limits, totalMsMax: 10_000 } } });
    await waitFor('the slow host to have its places', () => receiver.received.length === 8);
    const ids = await Promise.all(Array.from({ length: 20 }, () => owed.owe(healthy.url)));
    const at = Date.now();
    started.wake();
    for (const id of ids) await owed.waitForState(id, 'delivered');
    expect(Date.now() - at).toBeLessThan(2000);
    expect(receiver.received).toHaveLength(8);
    await healthy.close();
  });
});

describe('when its job is erased', () => {
  it('while it is posted, it is never sent again, least of all without its body', async () => {
    let fail: () => void = () => undefined;
    receiver.answer((response) => {
      fail = () => response.writeHead(500).end();
    });
    const jobId = await insertEndedJob(owed.sql, {
      accountId: owed.accountId,
      model: 'openai/gpt-5-mini',
      provider: 'openai',
      day: '2026-11-23',
      charge: 1n,
      team: null,
    });
    await owed.sql`select owe_deliveries(array[
      row(${owed.accountId}, 'evt_1', 'job.succeeded', ${jobId}, ${body}, ${receiver.url})::owed_event])`;
    const deliveries = owed.start({ retrySeconds: [0.01, 0.01] });
    await waitFor('the post', () => receiver.received.length === 1);
    expect(await eraseJob(owed.sql, owed.accountId, jobId)).toBe(true);
    fail();
    await deliveries.stop();
    expect(receiver.received.map((one) => one.body)).toEqual([body]);
    const row = await owed.find('dlv_1');
    expect(row).toMatchObject({ state: 'exhausted', attempts: [{ outcome: 'unknown', error: 'erased' }] });
    const claim = await claimDeliveries(owed.sql, {
      token: 'next',
      leaseSeconds: 1,
      limit: 10,
      perReceiver: 8,
      busy: new Map(),
      after: '',
    });
    expect(claim.deliveries).toEqual([]);
  });
});

describe('when a worker dies', () => {
  it('between the post and the record, another sends the same id and bytes after the lease', async () => {
    const id = await owed.owe(receiver.url, body, 'evt_dead');
    const options = {
      token: 'dead',
      leaseSeconds: 1.2,
      limit: 10,
      perReceiver: 8,
      busy: new Map(),
      after: '',
    };
    const [claimed] = (await claimDeliveries(owed.sql, options)).deliveries;
    expect(claimed).toMatchObject({ id, attempt: 1, tries: 1, eventId: 'evt_dead', body });
    expect((await claimDeliveries(owed.sql, { ...options, token: 'other' })).deliveries).toEqual([]);
    owed.start();
    const row = await owed.waitForState(id, 'delivered');
    expect(row.attempts.map(({ outcome }) => outcome)).toEqual(['unknown', 'delivered']);
    expect(receiver.received).toHaveLength(1);
    const late = { ...failedTry, id, token: 'dead', attempt: 1 };
    expect((await recordDeliveries(owed.sql, [late], endpointThresholds([5]))).inTime).toEqual([false]);
    expect((await owed.find(id)).state).toBe('delivered');
  });

  it('is recorded in the order of the ids, so that two workers never wait for each other in a circle', async () => {
    const ids = [await owed.owe(receiver.url), await owed.owe(receiver.url)].sort();
    const [first, last] = ids as [string, string];
    for (const id of [last, first]) {
      await owed.sql`
        update deliveries set lease_token = 'mine', lease_until = now() + interval '1 minute'
          where id = ${id}`;
    }
    let recorded: Promise<unknown> = Promise.resolve();
    await owed.sql.begin(async (tx) => {
      await tx`select 1 from deliveries where id = ${first} for update`;
      const tries = [last, first].map((id) => ({ ...failedTry, id, token: 'mine', attempt: 1 }));
      recorded = recordDeliveries(owed.sql, tries, endpointThresholds([5]));
      await waitFor('the record to wait', async () => {
        const waiting = await owed.sql`
          select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        return waiting.length === 1;
      });
      expect(await tx`select 1 from deliveries where id = ${last} for update skip locked`).toHaveLength(1);
    });
    expect(await recorded).toMatchObject({ inTime: [true, true] });
  });

  it('hands back at its end what it could not finish', async () => {
    receiver.answer(() => undefined);
    const deliveries = owed.start();
    const id = await owed.owe(receiver.url);
    deliveries.wake();
    await waitFor('the post', () => receiver.received.length === 1);
    await deliveries.stop();
    const row = await owed.find(id);
    expect(row.state).toBe('pending');
    expect(row.attempts[0]).toMatchObject({ outcome: 'unknown', error: 'shutdown' });
    receiver.answer((response) => response.writeHead(200).end());
    owed.start();
    await owed.waitForState(id, 'delivered');
  });

  it('any number of workers send each delivery once', async () => {
    for (let n = 0; n < 4; n++) owed.start();
    const ids = await Promise.all(Array.from({ length: 200 }, (_, n) => owed.owe(`${receiver.url}/${n}`)));
    for (const id of ids) await owed.waitForState(id, 'delivered');
    expect(receiver.received).toHaveLength(200);
    expect(new Set(receiver.received.map(({ url }) => url)).size).toBe(200);
  });
});
