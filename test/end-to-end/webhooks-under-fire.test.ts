import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inParallel } from '../../tools/chaos/in-parallel.ts';
import { type ReceivedWebhook, type Receiver, startReceiver } from '../../tools/chaos/receiver.ts';
import { seededRandom } from '../../tools/stack/random.ts';
import { type Client, type Gateway, type GatewayProcess, jobBody, startGateway } from '../support/gateway.ts';
import { removeKeys } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

/** WEBHOOKS_UNDER_FIRE=10000 is the large run; WEBHOOKS_SEED gives other misbehaviour. */
const jobs = Number(process.env['WEBHOOKS_UNDER_FIRE'] ?? 1000);
const seed = Number(process.env['WEBHOOKS_SEED'] ?? 11);
/**
 * WEBHOOKS_RECEIVERS=1 sends everything to the one host, WEBHOOKS_SENDERS=1 kills the only sender there is.
 */
const tenantCount = Number(process.env['WEBHOOKS_RECEIVERS'] ?? 8);
const senderCount = Number(process.env['WEBHOOKS_SENDERS'] ?? 3);
const killEveryMs = 2000;
const maxWaitMs = 50_000 + jobs * 60;

/** An account whose webhooks go to a receiver of its own: to an endpoint, or to the URL each job names. */
type Tenant = {
  client: Client;
  receiver: Receiver;
  endpointId: string | null;
  secrets: string[];
  jobIds: string[];
  /** How many of its webhooks were verified. */
  verified: number;
};

let gateway: Gateway;
let tenants: Tenant[];
beforeAll(async () => {
  const WEBHOOK_RETRY_SECONDS = Array.from({ length: 20 }, (_, tries) =>
    Math.min(3, 0.2 * 2 ** tries),
  ).join();
  gateway = await startGateway({
    roles: ['api'],
    env: { LEASE_SECONDS: '2', WORKER_CONCURRENCY: '30', WEBHOOK_RETRY_SECONDS },
  });
  tenants = await Promise.all(Array.from({ length: tenantCount }, (_, index) => openTenant(index)));
});
afterAll(async () => {
  await gateway.close();
  await Promise.all(tenants.map(({ receiver }) => receiver.close()));
});

async function openTenant(index: number): Promise<Tenant> {
  const client = await gateway.openAccount(`tenant_${index}`, '1000');
  const receiver = await startReceiver({ random: seededRandom(seed).fork(`receiver ${index}`).next });
  receiver.setFaults({ error500: 0.1, hang: 0.05, reset: 0.025, resetAfter: 0.025 });
  const tenant = { client, receiver, jobIds: [], verified: 0 };
  if (index % 2 === 0) {
    const { json } = await client.call('GET /v1/webhook_secret');
    return { ...tenant, endpointId: null, secrets: [json.secret] };
  }
  const event_types = ['job.succeeded', 'job.failed'];
  const body = { name: 'all', url: receiver.url, event_types };
  const { json } = await client.call('POST /v1/webhook_endpoints', body);
  return { ...tenant, endpointId: json.id, secrets: [json.signing_secret] };
}

/** From now on both secrets sign. */
async function rotate({ client, endpointId, secrets }: Tenant): Promise<void> {
  const { json } = await client.call(
    endpointId === null
      ? 'POST /v1/webhook_secret/rotate'
      : `POST /v1/webhook_endpoints/${endpointId}/rotate_secret`,
  );
  secrets.push(json.secret ?? json.signing_secret);
}

/**
 * Webhooks that came since the last time are held against every secret they are signed with, by both
 * libraries.
 */
async function verifyNew(tenant: Tenant): Promise<void> {
  const { receiver, secrets } = tenant;
  for (const webhook of receiver.received().slice(tenant.verified)) {
    const headers = {
      'webhook-id': webhook.id,
      'webhook-timestamp': webhook.timestamp,
      'webhook-signature': webhook.signature,
    };
    const text = webhook.body.toString('utf8');
    const signatures = webhook.signature.split(' ').length;
    // Signed with a secret that its owner has not been told yet.
    if (signatures > secrets.length) return;
    for (const secret of secrets.slice(0, signatures)) {
      new Webhook(secret).verify(text, headers);
      const openai = new OpenAI({ apiKey: 'none', webhookSecret: secret });
      await openai.webhooks.unwrap(text, headers);
    }
    tenant.verified += 1;
  }
}

const allReceived = (): ReceivedWebhook[] => tenants.flatMap(({ receiver }) => receiver.received());
const undelivered = async () => {
  const [row] = await gateway.sql<{ owed: number; left: number }[]>`
    select count(*)::integer as owed, (count(*) filter (where state <> 'delivered'))::integer as left
    from deliveries`;
  return row ?? { owed: 0, left: 0 };
};

test(
  'no webhook is lost, and each comes with one id and the same bytes, whatever is killed or emptied',
  async () => {
    const startedAt = performance.now();
    let kills = 0;
    let isOver = false;
    const firing = killSenders();
    const verifying = verifyAll();
    await Promise.race([endure(), firing, verifying]).finally(() => {
      isOver = true;
    });
    const seconds = (performance.now() - startedAt) / 1000;
    await Promise.all([firing, verifying]);
    for (const { verified, receiver } of tenants) expect(verified).toBe(receiver.received().length);
    await expectNothingLost();
    await expectOneBodyPerId();
    await expectNoMoreThanRecorded();
    expect(allReceived().filter(({ signature }) => signature.includes(' ')).length).toBeGreaterThan(jobs / 4);
    report(seconds);

    /** Until every webhook is delivered. */
    async function endure(): Promise<void> {
      const submitting = submitAll();
      await waitFor('a third of them', () => allReceived().length > jobs / 3, maxWaitMs);
      await removeKeys(gateway.redis);
      await Promise.all(tenants.map(rotate));
      await waitFor('two thirds of them', () => allReceived().length > (jobs * 2) / 3, maxWaitMs);
      await removeKeys(gateway.redis);
      await submitting;
      await waitFor(
        'every webhook',
        async () => {
          await sleep(100);
          const { owed, left } = await undelivered();
          return owed === jobs && left === 0;
        },
        maxWaitMs,
      );
    }

    /** All the while, as receivers do: libraries refuse what is older than five minutes. */
    async function verifyAll(): Promise<void> {
      while (!isOver) {
        await sleep(100);
        for (const tenant of tenants) await verifyNew(tenant);
      }
      for (const tenant of tenants) await verifyNew(tenant);
    }

    /**
     * Some processes send; every two seconds the oldest is killed and another is begun, unless it would be
     * the last of several.
     */
    async function killSenders(): Promise<void> {
      const senders: GatewayProcess[] = [];
      const begin = async () => void senders.push(await gateway.spawn('workers'));
      const beginning = Array.from({ length: senderCount }, begin);
      while (!isOver) {
        await sleep(killEveryMs);
        if (senders.length < Math.min(2, senderCount)) continue;
        await senders.shift()?.kill('SIGKILL');
        kills += 1;
        beginning.push(begin());
      }
      await Promise.all(beginning);
    }

    async function submitAll(): Promise<void> {
      const submissions = Array.from({ length: jobs }, (_, index) => index);
      await inParallel(16, submissions, async (index) => {
        const { client, receiver, endpointId, jobIds } = tenants[index % tenantCount] as Tenant;
        const own = endpointId === null ? { webhook_url: `${receiver.url}/${index}` } : {};
        const { status, json } = await client.call('POST /v1/jobs', jobBody(`told ${index}`, own));
        expect(status).toBe(202);
        jobIds.push(json.id);
      });
    }

    function report(inSeconds: number): void {
      const received = allReceived();
      const taken = received.filter(({ answered }) => answered === 'ok').length;
      const faults = tenants.map(({ receiver }) => Object.values(receiver.faults()));
      const disturbed = faults.flat().reduce((sum, one) => sum + one, 0);
      const figures = [
        `${jobs} jobs, seed ${seed}: every webhook within ${inSeconds.toFixed(0)} s`,
        `${kills} senders killed`,
        `${disturbed} requests answered wrongly or not at all`,
        `${received.length} webhooks read and verified`,
        `${taken - jobs} taken a second time`,
      ];
      console.info(figures.join(', '));
    }
  },
  2 * maxWaitMs,
);

/** For every job that was accepted, its receiver has said 200 to an event that says how the job ended. */
async function expectNothingLost(): Promise<void> {
  const rows = await gateway.sql<{ id: string; state: string }[]>`select id, state from jobs`;
  const stateOf = new Map(rows.map(({ id, state }) => [id, state]));
  expect(stateOf.size).toBe(jobs);
  for (const { receiver, jobIds } of tenants) {
    const reported = new Map<string, string>();
    for (const { body, answered } of receiver.received()) {
      const { type, data } = JSON.parse(body.toString('utf8'));
      if (answered === 'ok') reported.set(data.id, type);
    }
    const expected = jobIds.map((id): [string, string] => [id, `job.${stateOf.get(id)}`]);
    expect(new Map([...reported].sort())).toEqual(new Map(expected.sort()));
  }
}

async function expectOneBodyPerId(): Promise<void> {
  const bodyOf = new Map<string, string>();
  const idOf = new Map<string, string>();
  for (const { id, body } of allReceived()) {
    const text = body.toString('utf8');
    expect(bodyOf.get(id) ?? text).toBe(text);
    bodyOf.set(id, text);
    const jobId = JSON.parse(text).data.id;
    expect(idOf.get(jobId) ?? id).toBe(id);
    idOf.set(jobId, id);
  }
  expect(bodyOf.size).toBe(jobs);
}

/** Nothing reached a receiver that is not on record as an attempt; one whose end nobody saw is `unknown`. */
async function expectNoMoreThanRecorded(): Promise<void> {
  const rows = await gateway.sql<{ id: string; attempts: number; delivered: number; open: number }[]>`
    select d.event_id as id, count(*)::integer as attempts,
      (count(*) filter (where a.outcome = 'delivered'))::integer as delivered,
      (count(*) filter (where a.outcome = 'started'))::integer as open
    from deliveries d join delivery_attempts a on a.delivery_id = d.id
    group by d.event_id`;
  const posts = new Map<string, number>();
  for (const { id } of allReceived()) posts.set(id, (posts.get(id) ?? 0) + 1);
  const wrong = rows.filter(
    ({ id, attempts, delivered, open }) => delivered !== 1 || open !== 0 || (posts.get(id) ?? 0) > attempts,
  );
  expect(wrong).toEqual([]);
}
