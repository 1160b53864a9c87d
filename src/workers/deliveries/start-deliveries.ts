import type { Config } from '../../shared/platform/config/config.ts';
import type { Log } from '../../shared/platform/log.ts';
import { type Found, startLoop } from '../../shared/platform/loop.ts';
import type { Metrics } from '../../shared/platform/metrics.ts';
import { noProxy, type ProxySettings } from '../../shared/platform/outgoing/proxy-for.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { Signals } from '../../shared/platform/redis/signals.ts';
import { waitAtMost } from '../../shared/platform/wait-at-most.ts';
import { createConnections } from '../../shared/webhooks/connections.ts';
import { postLimits } from '../../shared/webhooks/post-webhook.ts';
import { createResolver, type ResolveHost } from '../../shared/webhooks/resolve-host.ts';
import { type EndpointThresholds, endpointThresholds } from '../../shared/webhooks/rules/delivery.ts';
import { msUntilDelivery } from '../../shared/webhooks/sql/claim-deliveries.ts';
import { startUpkeep } from '../maintenance/delivery-upkeep.ts';
import { createClaimDue } from './claim-due.ts';
import { coalesceWakes } from './coalesce-wakes.ts';
import { type DeliverDeps, deliver } from './deliver.ts';
import { createReceiverSlots } from './receiver-slots.ts';
import { createRecordTry } from './record-try.ts';
import type { RunDeliveryDeps } from './run-delivery.ts';
import { startDeliveryLeases } from './start-delivery-leases.ts';

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
      thresholds: Partial<EndpointThresholds>;
    }
  >;
};

/**
 * A receiver that does not answer holds up others for a second, with eight of 128 slots;
 * docs/decisions/events-and-deliveries.md.
 */
const slotLimits = {
  perReceiver: 8,
  quickMax: 128,
  slowMax: 128,
  totalMax: 1024,
  slowMs: 1000,
  quickPerDetached: 4,
  detachedPerReceiver: 64,
  detachedMax: 512,
};
/**
 * Postgres alone knows what is due; a signal only makes this process look sooner. At rest it is asked when
 * the next one is.
 */
const pace = { quickMs: 1000, restMs: 5000 };
/** Every job that ends wakes the loop; the wakes of so many ms are one look. */
const wakeMs = 5;
/** When the process ends, attempts may finish for this long; the rest is released. */
const finishMsMax = 3000;

export type Deliveries = { wake(): void; stop(): Promise<void> };

/**
 * Posts every webhook that is due, until stopped. Any number of processes may do so at once: a delivery
 * belongs to whoever claimed it, until its lease ends.
 *
 *     a job ends ──signal──▶ coalesce wakes ─┐
 *     a slot comes free ─────────────────────┤
 *     a retry is due within a second ────────┼──▶ loop ── claim due: as many as there are free slots,
 *     every second ──────────────────────────┘    ▲       receiver by receiver, each under a token
 *                                                 │                    │
 *     leases: extended until deliver returns      │                    ▼
 *                                                 │      receiver slots: 8 of each receiver at a time
 *                                                 │                    │
 *                                             slot free                ▼
 *                                                 └────────── deliver: sign and post, decide, record
 *
 * Upkeep runs beside it: it parks what is owed to endpoints that were disabled, and renews what is to be
 * recovered.
 */
export function startDeliveries(deps: DeliveriesDeps): Deliveries {
  const { sql, log, config } = deps;
  const { leaseSeconds } = config.work;
  const { perReceiver } = slotLimits;
  const closing = new AbortController();
  const run = openRunDeps(deps);
  let isStopping = false;
  let mayBeMore = false;
  const thresholds = { ...endpointThresholds(config.webhooks.retrySeconds), ...deps.overrides?.thresholds };
  const deliverDeps: DeliverDeps = {
    ...deps,
    run,
    record: createRecordTry(deps, thresholds),
    closing: closing.signal,
    isStopping: () => isStopping,
    onRetry: (delayMs) => {
      if (delayMs < pace.quickMs) setTimeout(loop.wake, delayMs).unref();
    },
  };
  const claimDue = createClaimDue(sql, { leaseSeconds, perReceiver });
  const slots = createReceiverSlots(slotLimits, () => {
    if (mayBeMore) loop.wake();
  });

  async function look(isQuick: boolean): Promise<Found> {
    if (isQuick) return await fillSlots();
    const dueInMs = await msUntilDelivery(sql);
    return dueInMs === null || dueInMs > 0 ? { isBusy: false, dueInMs } : await fillSlots();
  }

  async function fillSlots(): Promise<Found> {
    const limit = slots.free();
    if (isStopping || limit <= 0) return false;
    const { token, claimed } = await claimDue(limit, slots.taken());
    mayBeMore = claimed.length > 0;
    for (const delivery of claimed) {
      const work = () => deliver(deliverDeps, delivery, token);
      slots.run(delivery.receiver, () => leases.during(delivery.id, token, work));
    }
    return claimed.length === limit || { isBusy: claimed.length > 0, dueInMs: null };
  }

  const loop = startLoop(pace, look, log, 'deliveries');
  const upkeep = startUpkeep(deps, loop.wake);
  const leases = startDeliveryLeases(deps, leaseSeconds);
  const { wake, stop: stopWakes } = coalesceWakes(loop.wake, wakeMs);
  deps.signals.subscribe('deliveries', wake);

  return {
    wake,
    stop: async () => {
      isStopping = true;
      stopWakes();
      await loop.stop();
      await upkeep.stop();
      await waitAtMost(finishMsMax, slots.ended());
      closing.abort(new Error('closing'));
      await waitAtMost(1000, slots.ended());
      await waitAtMost(1000, leases.stop());
      await run.connections.close();
    },
  };
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
