import { randomUUID } from 'node:crypto';
import type { Config } from '../../shared/platform/config/config.ts';
import { failpoint } from '../../shared/platform/failpoints.ts';
import { createGroupCommit } from '../../shared/platform/group-commit/group-commit.ts';
import type { Log } from '../../shared/platform/log.ts';
import { startLoop } from '../../shared/platform/loop.ts';
import type { Metrics } from '../../shared/platform/metrics.ts';
import { noProxy, type ProxySettings } from '../../shared/platform/outgoing/proxy-for.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { groupFaultOf } from '../../shared/platform/postgres/database-errors.ts';
import { retryWhileUnavailable } from '../../shared/platform/postgres/retry-while-unavailable.ts';
import type { Signals } from '../../shared/platform/redis/signals.ts';
import { waitAtMost } from '../../shared/platform/wait-at-most.ts';
import { createConnections } from '../../shared/webhooks/connections.ts';
import { postLimits } from '../../shared/webhooks/post-webhook.ts';
import { createResolver, type ResolveHost } from '../../shared/webhooks/resolve-host.ts';
import {
  type EndpointThresholds,
  endpointThresholds,
  type PostResult,
} from '../../shared/webhooks/rules/delivery.ts';
import {
  type ClaimedDelivery,
  claimDeliveries,
  type DeliveryRecord,
  extendDeliveries,
  recordDeliveries,
  releaseDelivery,
} from '../../shared/webhooks/sql/claim-deliveries.ts';
import { startUpkeep } from '../maintenance/delivery-upkeep.ts';
import { coalesceWakes } from './coalesce-wakes.ts';
import { createReceiverSlots } from './receiver-slots.ts';
import { type RunDeliveryDeps, runDelivery } from './run-delivery.ts';

export type DeliveriesDeps = {
  sql: Database;
  signals: Pick<Signals, 'subscribe'>;
  log: Log;
  config: Pick<Config, 'secretsKey' | 'webhooks'> & {
    proxy?: ProxySettings;
    work: Pick<Config['work'], 'leaseSeconds'>;
  };
  metrics?: Pick<Metrics, 'deliveriesTried' | 'deliveryDuration' | 'endpointsDisabled'>;
  /** For tests; the defaults are what production uses. */
  overrides?: Partial<
    Pick<RunDeliveryDeps, 'now' | 'random' | 'limits'> & {
      resolve: ResolveHost;
      patience: Partial<EndpointThresholds>;
    }
  >;
};

/**
 * A receiver that does not answer holds up others for a second, with eight of 128 places;
 * docs/decisions/events-and-deliveries.md.
 */
const slotLimits = {
  perReceiver: 8,
  quickMax: 128,
  slowMax: 128,
  totalMax: 1024,
  slowMs: 1000,
  quickPerAside: 4,
  asidePerReceiver: 64,
  asideMax: 512,
};
/**
 * While the database is away, recording is tried for this long; then the lease ends, and the webhook is
 * posted again.
 */
const recordMaxWaitMs = 60_000;
/** The truth about what is due is Postgres; hints only make it sooner. */
const pollMs = 1000;
/** Every job that ends wakes the loop; the wakes of so many ms are one look. */
const wakeMs = 5;
/** At the end, attempts may finish for this long; the rest is handed back. */
const finishMsMax = 3000;

export type Deliveries = { wake(): void; stop(): Promise<void> };

/** Posts every webhook that is due, until stopped. Any number of processes may do so at once. */
export function startDeliveries(deps: DeliveriesDeps): Deliveries {
  const { sql, log } = deps;
  const { leaseSeconds } = deps.config.work;
  /** What this process is trying now, and the token it was claimed with. */
  const held = new Map<string, string>();
  const closing = new AbortController();
  const runDeps = openRunDeps(deps);
  const record = openRecorder(deps);
  const claimSome = openClaimer(deps);
  let stopping = false;
  let mayBeMore = false;
  const places = createReceiverSlots(slotLimits, () => {
    if (mayBeMore) loop.wake();
  });

  async function claim(): Promise<boolean> {
    const limit = places.free();
    if (stopping || limit <= 0) return false;
    const { token, claimed } = await claimSome(limit, places.taken());
    mayBeMore = claimed.length > 0;
    for (const delivery of claimed) places.run(delivery.receiver, () => deliver(delivery, token));
    return claimed.length === limit;
  }

  async function deliver(delivery: ClaimedDelivery, token: string): Promise<void> {
    const { id, attempt, isProbe } = delivery;
    held.set(id, token);
    try {
      await failpoint('delivery.claimed');
      const { result, verdict } = await runDelivery(runDeps, delivery, closing.signal);
      await failpoint('delivery.posted');
      const tried = { id, token, attempt, isProbe, result, verdict };
      const inTime = await retryWhileUnavailable(() => record(tried), {
        maxWaitMs: recordMaxWaitMs,
        isStopping: () => stopping,
      });
      await failpoint('delivery.recorded');
      if (verdict.kind === 'again' && verdict.delayMs < pollMs)
        setTimeout(loop.wake, verdict.delayMs).unref();
      note(deps, delivery, result, inTime ? verdict.kind : 'too late');
    } catch (error) {
      if (closing.signal.aborted) await releaseDelivery(sql, { id, token, attempt }).catch(() => undefined);
      // Else its lease ends, and somebody tries again: same id, same bytes.
      else log.error({ delivery_id: id, attempt, error }, 'a delivery could not be tried or recorded');
    } finally {
      if (held.get(id) === token) held.delete(id);
    }
  }

  async function keepLeases(): Promise<undefined> {
    if (held.size > 0) await extendDeliveries(sql, held, leaseSeconds);
  }

  const loop = startLoop(pollMs, claim, log, 'deliveries');
  const upkeep = startUpkeep(deps, loop.wake);
  const heartbeat = startLoop((leaseSeconds * 1000) / 3, keepLeases, log, 'delivery leases');
  const { wake, stop: stopWakes } = coalesceWakes(loop.wake, wakeMs);
  deps.signals.subscribe('deliveries', wake);

  return {
    wake,
    stop: async () => {
      stopping = true;
      stopWakes();
      await loop.stop();
      await upkeep.stop();
      await waitAtMost(finishMsMax, places.ended());
      closing.abort(new Error('closing'));
      await waitAtMost(1000, places.ended());
      await waitAtMost(1000, heartbeat.stop());
      await runDeps.connections.close();
    },
  };
}

/** Takes what is due, under a new token each time, and goes on where the claim before came to. */
function openClaimer({ sql, config }: DeliveriesDeps) {
  const { leaseSeconds } = config.work;
  let after = '';
  return async (limit: number, busy: ReadonlyMap<string, number>) => {
    const token = randomUUID();
    const { perReceiver } = slotLimits;
    const claim = await claimDeliveries(sql, { token, leaseSeconds, limit, perReceiver, busy, after });
    after = claim.reached;
    return { token, claimed: claim.deliveries };
  };
}

/** Records tries together, many in one statement; true when the lease still held. */
function openRecorder(deps: DeliveriesDeps): (record: DeliveryRecord) => Promise<boolean> {
  const { sql, config, overrides, metrics, log } = deps;
  const patience = { ...endpointThresholds(config.webhooks.retrySeconds), ...overrides?.patience };
  return createGroupCommit<DeliveryRecord, boolean>({
    commit: async (records) => {
      const { inTime, disabled } = await recordDeliveries(sql, records, patience);
      for (const { id, reason } of disabled) {
        metrics?.endpointsDisabled.inc({ reason });
        log.warn({ endpoint_id: id, reason }, 'a webhook endpoint was disabled');
      }
      return inTime;
    },
    bytesOf: () => 400,
    faultOf: groupFaultOf,
  });
}

function openRunDeps({ sql, config, overrides }: DeliveriesDeps): RunDeliveryDeps {
  const policy = { allowPrivate: config.webhooks.allowPrivate };
  const resolve = overrides?.resolve ?? createResolver(policy.allowPrivate);
  return {
    sql,
    secretsKey: config.secretsKey,
    connections: createConnections({ policy, resolve, proxy: config.proxy ?? noProxy }),
    retrySeconds: config.webhooks.retrySeconds,
    limits: overrides?.limits ?? postLimits,
    now: overrides?.now ?? Date.now,
    random: overrides?.random ?? Math.random,
  };
}

function note(
  deps: Pick<DeliveriesDeps, 'metrics' | 'log'>,
  { id, attempt }: ClaimedDelivery,
  { outcome, statusCode, error, durationMs }: PostResult,
  verdict: string,
): void {
  deps.metrics?.deliveriesTried.inc({ outcome });
  deps.metrics?.deliveryDuration.observe(durationMs / 1000);
  const facts = { outcome, status: statusCode, reason: error, duration_ms: durationMs, verdict };
  if (error === 'signing_failed')
    deps.log.error(
      { delivery_id: id, attempt, verdict },
      'a webhook cannot be signed: is SECRETS_KEY another?',
    );
  else deps.log.info({ delivery_id: id, attempt, ...facts }, 'webhook posted');
}
