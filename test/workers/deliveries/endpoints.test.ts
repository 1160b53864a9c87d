import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../src/shared/ids.ts';
import { claimDeliveries } from '../../../src/shared/webhooks/sql/claim-deliveries.ts';
import { replaceEndpointSecret } from '../../../src/shared/webhooks/sql/endpoints.ts';
import {
  insertRecovery,
  parkDeliveries,
  recoverDeliveries,
} from '../../../src/shared/webhooks/sql/recoveries.ts';
import { newWebhookSecret, sealEndpointSecret } from '../../../src/shared/webhooks/webhook-secret.ts';
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

const verify = (secret: string, { body, headers }: Received) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);
const idsOf = (received: Received[]) => received.map(({ headers }) => headers['webhook-id']);

async function stateOf(endpointId: string) {
  const [row] = await owed.sql<
    {
      state: string;
      reason: string | null;
      failures: number;
      probe_seconds: number | null;
      waiting: boolean;
    }[]
  >`
    select state, disabled_reason as reason, failures, probe_seconds, probe_at > now() as waiting
    from webhook_endpoints where id = ${endpointId}`;
  return row!;
}

/** How many endpoints the metrics say were given up for this reason. */
async function disabledFor(reason: string): Promise<number> {
  const { values } = await owed.metrics.endpointsDisabled.get();
  return values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
}

describe('an event', () => {
  it('is sent to every endpoint that listens and to its own URL: one id, the same bytes, each its own secret', async () => {
    const other = await openReceiver();
    const [one, two] = [await owed.openEndpoint(receiver.url), await owed.openEndpoint(other.url)];
    owed.start();
    const body = '{"type":"job.succeeded","data":{"id":"job_1"}}';
    const eventId = await owed.oweEvent({ ownUrl: `${other.url}/own`, body });
    await waitFor('three posts', () => receiver.received.length + other.received.length === 3);
    const all = [...receiver.received, ...other.received];
    expect(new Set(idsOf(all))).toEqual(new Set([eventId]));
    expect(new Set(all.map((post) => post.body))).toEqual(new Set([body]));
    verify(one.secret, receiver.received[0]!);
    verify(two.secret, other.received.find(({ url }) => url === '/hook')!);
    expect(() => verify(two.secret, receiver.received[0]!)).toThrow();
    await other.close();
  });

  it('is not sent to an endpoint that listens to other types', async () => {
    const endpoint = await owed.openEndpoint(receiver.url);
    await owed.oweEvent({ type: 'job.failed' });
    await owed.oweEvent({ type: 'batch.completed' });
    expect(await owed.countStates(endpoint.id)).toEqual({});
  });

  it('that is owed twice is owed once', async () => {
    const endpoint = await owed.openEndpoint(receiver.url);
    const eventId = await owed.oweEvent({ ownUrl: receiver.url });
    await owed.oweEvent({ ownUrl: receiver.url, eventId });
    expect(await owed.countStates(endpoint.id)).toEqual({ pending: 1 });
    expect((await owed.sql`select id from deliveries`).length).toBe(2);
  });

  it('is signed by both secrets while an endpoint changes its secret, and by the new one alone later', async () => {
    const endpoint = await owed.openEndpoint(receiver.url);
    const fresh = newWebhookSecret();
    const secret = sealEndpointSecret(secretsKey, endpoint.id, fresh);
    const key = { accountId: owed.accountId, id: endpoint.id };
    const next = { secret, secretHint: '', overlapSeconds: 3600 };
    await owed.sql.begin((tx) => replaceEndpointSecret(tx, key, next));
    owed.start();
    await owed.oweEvent();
    const during = await waitFor('the post', () => receiver.received[0]);
    verify(endpoint.secret, during);
    verify(fresh, during);
    await owed.sql`update webhook_endpoints set secret_previous_until = now() - interval '1 second'`;
    await owed.oweEvent();
    const later = await waitFor('the next post', () => receiver.received[1]);
    verify(fresh, later);
    expect(() => verify(endpoint.secret, later)).toThrow();
  });

  it('goes to the new URL of an endpoint that moved', async () => {
    const endpoint = await owed.openEndpoint('http://127.0.0.1:9/old');
    await owed.oweEvent();
    await owed.sql`update webhook_endpoints set url = ${receiver.url} where id = ${endpoint.id}`;
    owed.start();
    await waitFor('the post', () => receiver.received.length === 1);
  });
});

describe('an endpoint that fails', () => {
  const thresholds = { failuresMax: 3, probeSeconds: 30, probeSecondsMax: 100 };

  it('again and again is only probed, by one delivery at a time, and waits longer after each', async () => {
    receiver.answer((response) => response.writeHead(500).end());
    const endpoint = await owed.openEndpoint(receiver.url);
    await owed.oweMany(endpoint, receiver.url, 30);
    const deliveries = owed.start({ retrySeconds: [3600], overrides: { thresholds } });
    await waitFor('the breaker', async () => (await stateOf(endpoint.id)).probe_seconds === 30);
    await waitFor(
      'what was under way',
      async () => (await stateOf(endpoint.id)).failures === receiver.received.length,
    );
    const before = receiver.received.length;
    expect(before).toBeLessThan(30);
    for (const expected of [60, 100, 100]) {
      await owed.sql`update webhook_endpoints set probe_at = now()`;
      const posts = receiver.received.length;
      deliveries.wake();
      await waitFor('the probe', async () => {
        const { failures, waiting } = await stateOf(endpoint.id);
        return failures === posts + 1 && waiting;
      });
      expect((await stateOf(endpoint.id)).probe_seconds).toBe(expected);
    }
    expect(receiver.received).toHaveLength(before + 3);
  });

  it('is sent everything as soon as a probe gets through', async () => {
    receiver.answer((response) => response.writeHead(500).end());
    const endpoint = await owed.openEndpoint(receiver.url);
    await owed.oweMany(endpoint, receiver.url, 30);
    const deliveries = owed.start({ retrySeconds: [0.01, 0.01, 0.01], overrides: { thresholds } });
    await waitFor('the breaker', async () => (await stateOf(endpoint.id)).waiting);
    receiver.answer((response) => response.writeHead(200).end());
    await owed.sql`update webhook_endpoints set probe_at = now()`;
    deliveries.wake();
    await waitFor('all', async () => (await owed.countStates(endpoint.id))['delivered'] === 30);
    expect(await stateOf(endpoint.id)).toMatchObject({ failures: 0, probe_seconds: null });
  });

  it('with 410 is disabled at once, and what it was owed is held', async () => {
    receiver.answer((response) => response.writeHead(410).end());
    const endpoint = await owed.openEndpoint(receiver.url);
    await owed.oweEvent();
    owed.start();
    await waitFor('the end', async () => (await stateOf(endpoint.id)).state === 'disabled');
    expect((await stateOf(endpoint.id)).reason).toBe('gone');
    await waitFor('the metric', async () => (await disabledFor('gone')) === 1);
    await owed.oweMany(endpoint, receiver.url, 1200);
    owed.hint('endpoints');
    await waitFor('the rest to be held', async () => (await owed.countStates(endpoint.id))['held'] === 1200);
    await owed.oweEvent();
    expect(await owed.countStates(endpoint.id)).toEqual({ exhausted: 1, held: 1201 });
    expect(receiver.received).toHaveLength(1);
  });

  it('for days and does nothing else is disabled, not before', async () => {
    receiver.answer((response) => response.writeHead(500).end());
    const endpoint = await owed.openEndpoint(receiver.url);
    const deliveries = owed.start({ retrySeconds: [3600] });
    const fail = async (days: number, failures: number) => {
      await owed.sql`update webhook_endpoints
        set failures = ${failures}, probe_at = null, probe_seconds = null,
        failing_since = now() - make_interval(days => ${days})`;
      await owed.oweEvent();
      deliveries.wake();
      await waitFor('the failure', async () => (await stateOf(endpoint.id)).failures === failures + 1);
      return await stateOf(endpoint.id);
    };
    expect(await fail(4, 50)).toMatchObject({ state: 'enabled' });
    expect(await fail(6, 3)).toMatchObject({ state: 'enabled' });
    expect(await disabledFor('failing')).toBe(0);
    expect(await fail(6, 50)).toMatchObject({ state: 'disabled', reason: 'failing' });
    await waitFor('the metric', async () => (await disabledFor('failing')) === 1);
  });

  it('does not delay the others, however much it is owed', async () => {
    const dead = await openReceiver('127.0.0.2');
    dead.answer(() => undefined);
    const deadEndpoint = await owed.openEndpoint(dead.url);
    await owed.oweMany(deadEndpoint, dead.url, 20_000);
    await owed.sql`update webhook_endpoints set event_types = '{job.failed}'`;
    const limits = { totalMsMax: 10_000, answerBytesMax: 1024 };
    owed.start({ overrides: { limits } });
    await waitFor('the dead one to have its places', () => dead.received.length === 8);
    await owed.openEndpoint(receiver.url);
    const at = Date.now();
    for (let n = 0; n < 50; n++) await owed.oweEvent();
    await waitFor('the deliveries of the healthy one', () => receiver.received.length === 50);
    expect(Date.now() - at).toBeLessThan(2000);
    expect(dead.received).toHaveLength(8);
    await dead.close();
  });
});

describe('many that never answer', () => {
  it('endpoints and URLs of jobs alike, do not delay one that does', async () => {
    const dead = await Promise.all(Array.from({ length: 24 }, () => openReceiver('127.0.0.2')));
    for (const one of dead) one.answer(() => undefined);
    for (const [index, one] of dead.entries()) {
      if (index % 2 === 0) await owed.oweMany(await owed.openEndpoint(one.url), one.url, 50);
      else for (let n = 0; n < 10; n++) await owed.owe(one.url);
    }
    await owed.sql`update webhook_endpoints set event_types = '{job.failed}'`;
    // Longer than the test, so that no try ends and makes room while it looks.
    owed.start({ overrides: { limits: { totalMsMax: 60_000, answerBytesMax: 1024 } } });
    const tried = () => dead.reduce((sum, { received }) => sum + received.length, 0);
    await waitFor('them to have every place', () => tried() === 128);
    await owed.openEndpoint(receiver.url);
    for (let n = 0; n < 50; n++) await owed.oweEvent();
    await waitFor('the deliveries of that one', () => receiver.received.length === 50);
    // Nothing had ended that could have made room.
    expect(
      await owed.sql`select 1 from delivery_attempts where outcome not in ('started', 'delivered')`,
    ).toEqual([]);
    expect(tried()).toBe(128);
    await Promise.all(dead.map((one) => one.close()));
  });
});

describe('a receiver of which every twentieth answer never comes', () => {
  it('gets everything else meanwhile', async () => {
    receiver.answer((response, nth) => {
      if (nth % 20 !== 0) response.writeHead(200).end();
    });
    const { url } = receiver;
    await owed.sql`
      insert into deliveries (id, account_id, event_id, event_type, url, body)
      select 'dlv_' || n, ${owed.accountId}, 'evt_' || n, 'job.succeeded', ${url}, '{}'
      from generate_series(1, 600) n`;
    owed.start();
    await waitFor('the others', async () => {
      const [row] = await owed.sql`select count(*)::integer as n from deliveries where state = 'delivered'`;
      return row?.['n'] === 570;
    });
    // None of those that hang had ended and made room.
    const ended =
      await owed.sql`select 1 from delivery_attempts where outcome not in ('started', 'delivered')`;
    expect(ended).toEqual([]);
    await waitFor('those that hang to be tried', () => receiver.received.length === 600);
  });
});

describe('the claim', () => {
  const options = { token: 'one', leaseSeconds: 30, limit: 128, perReceiver: 8, busy: new Map(), after: '' };

  async function readsOfAClaim(): Promise<{ claimed: number; scans: number; read: number }> {
    return await owed.sql.begin(async (tx) => {
      const { deliveries } = await claimDeliveries(tx, options);
      const [row] = await tx<{ scans: number; read: number }[]>`
        select seq_scan::integer as scans, (seq_tup_read + idx_tup_fetch)::integer as read
        from pg_stat_xact_user_tables where relname = 'deliveries'`;
      return { claimed: deliveries.length, ...row! };
    });
  }

  async function oweHosts(many: number, due: string): Promise<void> {
    await owed.sql`insert into deliveries (id, account_id, event_id, event_type, url, body, next_attempt_at)
      select 'dlv_host' || n, ${owed.accountId}, 'evt_host' || n, 'job.succeeded',
        'https://h' || n || '.example.com/', '{}',
        now() + ${due}::interval
      from generate_series(1, ${many}::integer) n`;
  }

  it('reads some hundred rows, whatever is owed to one receiver', async () => {
    const dead = await owed.openEndpoint('http://127.0.0.1:9/');
    await owed.oweMany(dead, 'http://127.0.0.1:9/', 20_000);
    for (let n = 0; n < 5; n++) await owed.oweMany(await owed.openEndpoint(receiver.url), receiver.url, 3);
    await oweHosts(50, '1 hour');
    const open = await readsOfAClaim();
    expect(open).toMatchObject({ claimed: 8 + 15, scans: 0 });
    expect(open.read).toBeLessThan(1000);
    await owed.sql`update webhook_endpoints set probe_at = now() + interval '1 minute', probe_seconds = 60
      where id = ${dead.id}`;
    const broken = await readsOfAClaim();
    expect(broken).toMatchObject({ claimed: 0, scans: 0 });
    expect(broken.read).toBeLessThan(1000);
  });

  it('reads some hundred rows, however many receivers wait for their next try', async () => {
    await oweHosts(20_000, '1 hour');
    const dead = await owed.openEndpoint('http://127.0.0.1:9/');
    await owed.oweMany(dead, 'http://127.0.0.1:9/', 1000);
    await owed.sql`update webhook_endpoints set probe_at = now() + interval '1 minute', probe_seconds = 60`;
    await owed.owe(receiver.url);
    const fresh = await readsOfAClaim();
    expect(fresh).toMatchObject({ claimed: 1, scans: 0 });
    expect(fresh.read).toBeLessThan(2000);
  });

  it('comes to every receiver in turn, whatever is in the way', async () => {
    await oweHosts(1200, '1 hour');
    // Before and after what is due in between, more than a claim looks at, for one that is down.
    const dead = await owed.openEndpoint('http://127.0.0.1:9/');
    await owed.oweMany(dead, 'http://127.0.0.1:9/', 400);
    await owed.sql`update webhook_endpoints set probe_at = now() + interval '1 hour', probe_seconds = 60`;
    await owed.sql`update deliveries set next_attempt_at = now() - interval '1 minute'
      where receiver = ${dead.id} and right(id, 1) in ('0', '2', '4', '6', '8')`;
    const last = await owed.openEndpoint(receiver.url);
    await owed.oweMany(last, receiver.url, 1);
    await owed.sql`update deliveries set next_attempt_at = now() - interval '30 minutes'
      where receiver = ${last.id}`;
    const claimed: string[] = [];
    let after = '';
    for (let claim = 0; claim < 3; claim++) {
      const { deliveries, reached } = await claimDeliveries(owed.sql, { ...options, after });
      claimed.push(...deliveries.map((one) => one.receiver));
      after = reached;
    }
    expect(claimed).toEqual([last.id]);
    expect(after).toBe('');
  });

  it('sends one probe in all processes together', async () => {
    const endpoint = await owed.openEndpoint(receiver.url);
    await owed.oweMany(endpoint, receiver.url, 20);
    await owed.sql`update webhook_endpoints set probe_at = now(), probe_seconds = 30`;
    const claims = await Promise.all(
      ['a', 'b', 'c', 'd'].map((token) => claimDeliveries(owed.sql, { ...options, token })),
    );
    const claimed = claims.flatMap(({ deliveries }) => deliveries);
    expect(claimed).toHaveLength(1);
    expect(claimed[0]?.isProbe).toBe(true);
    expect((await claimDeliveries(owed.sql, { ...options, token: 'e' })).deliveries).toEqual([]);
  });
});

describe('a recovery', () => {
  const request = async (endpointId: string, since: Date, accountId = owed.accountId) =>
    await owed.sql.begin((tx) => insertRecovery(tx, { id: newId('rec'), accountId, endpointId, since }));
  const twoHoursAgo = () => new Date(Date.now() - 2 * 3600_000);

  it('sends again what failed and what was held since then, and nothing else', async () => {
    const endpoint = await owed.openEndpoint(receiver.url);
    await owed.oweMany(endpoint, receiver.url, 300, 'exhausted');
    await owed.oweMany(endpoint, receiver.url, 300, 'held');
    await owed.oweMany(endpoint, receiver.url, 10, 'delivered');
    await owed.oweMany(endpoint, receiver.url, 5, 'exhausted');
    await owed.sql`update deliveries set created_at = now() - interval '1 day' where id in (
      select id from deliveries where state = 'exhausted' order by id desc limit 5)`;
    owed.start();
    await request(endpoint.id, twoHoursAgo());
    owed.hint('endpoints');
    await waitFor('all', async () => (await owed.countStates(endpoint.id))['delivered'] === 610, 20_000);
    expect(await owed.countStates(endpoint.id)).toEqual({ delivered: 610, exhausted: 5 });
    expect(receiver.received).toHaveLength(600);
  });

  it('goes on where a process died, and renews each delivery once', async () => {
    const endpoint = await owed.openEndpoint(receiver.url);
    await owed.oweMany(endpoint, receiver.url, 1000, 'exhausted');
    await request(endpoint.id, twoHoursAgo());
    expect(await recoverDeliveries(owed.sql, 300)).toBe(300);
    await expect(
      owed.sql.begin(async (tx) => {
        await recoverDeliveries(tx as unknown as typeof owed.sql, 300);
        throw new Error('died');
      }),
    ).rejects.toThrow('died');
    expect(await owed.countStates(endpoint.id)).toEqual({ pending: 300, exhausted: 700 });
    // What fails anew is not renewed anew for the same request.
    await owed.sql`update deliveries set state = 'exhausted', next_attempt_at = null where state = 'pending'`;
    while ((await recoverDeliveries(owed.sql, 300)) > 0);
    expect(await owed.countStates(endpoint.id)).toEqual({ pending: 700, exhausted: 300 });
    const [row] = await owed.sql`select recovered, done_at is not null as done from webhook_recoveries`;
    expect(row).toEqual({ recovered: 1000, done: true });
  });

  it('takes turns with those of other accounts, however many deliveries or recoveries an account has', async () => {
    const [long, short] = [await owed.openEndpoint(receiver.url), await owed.openEndpoint(receiver.url)];
    await owed.sql`insert into accounts (id, name) values ('another', 'test')`;
    await owed.sql`update webhook_endpoints set account_id = 'another' where id = ${short.id}`;
    await owed.oweMany(long, receiver.url, 1000, 'exhausted');
    await owed.oweMany(short, receiver.url, 10, 'exhausted');
    for (let n = 0; n < 3; n += 1) await request(long.id, twoHoursAgo());
    await request(short.id, twoHoursAgo(), 'another');
    for (let page = 0; page < 2; page += 1) await recoverDeliveries(owed.sql, 100);
    expect([await owed.countStates(long.id), await owed.countStates(short.id)]).toEqual([
      { pending: 100, exhausted: 900 },
      { pending: 10 },
    ]);
  });
});

describe('what is owed to an endpoint that takes nothing', () => {
  it('is held when it is disabled, given up when it was deleted, and left alone while it is posted', async () => {
    const [off, gone] = [await owed.openEndpoint(receiver.url), await owed.openEndpoint(receiver.url)];
    for (const endpoint of [off, gone]) await owed.oweMany(endpoint, receiver.url, 20);
    const { deliveries } = await claimDeliveries(owed.sql, {
      token: 'busy',
      leaseSeconds: 30,
      limit: 1,
      perReceiver: 1,
      busy: new Map(),
      after: '',
    });
    const [posted] = deliveries;
    await owed.sql`update webhook_endpoints
      set state = 'disabled', disabled_reason = 'requested', disabled_at = now()
      where id = ${off.id}`;
    await owed.sql`update webhook_endpoints set state = 'deleted' where id = ${gone.id}`;
    while ((await parkDeliveries(owed.sql, 7)) > 0);
    const left = (endpointId: string) => (posted?.endpointId === endpointId ? { pending: 1 } : {});
    const taken = (endpointId: string) => (posted?.endpointId === endpointId ? 19 : 20);
    expect(await owed.countStates(off.id)).toEqual({ held: taken(off.id), ...left(off.id) });
    expect(await owed.countStates(gone.id)).toEqual({ exhausted: taken(gone.id), ...left(gone.id) });
  });
});
