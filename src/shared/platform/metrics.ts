import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds, from a cache hit to a long completion. */
const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/**
 * How often the delay of the event loop is sampled: the library's 10 ms would wake a process at rest as
 * often.
 */
const loopSampleMs = 100;

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * The metrics of one process, in a registry of its own: `gateway_<noun>_<verb>_total`,
 * `gateway_<noun>_<what>_seconds`, gauges without a verb. Labels are bounded by the configuration: providers,
 * states, routes; never accounts, models given by clients, or ids.
 */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: loopSampleMs });
  return { registry, ...httpMetrics(registry), ...jobMetrics(registry), ...deliveryMetrics(registry) };
}

function httpMetrics(registry: Registry) {
  const registers = [registry];
  return {
    requestsAnswered: new Counter({
      name: 'gateway_requests_answered_total',
      help: 'HTTP requests answered, by method, route pattern and status',
      labelNames: ['method', 'route', 'status'] as const,
      registers,
    }),
    requestDuration: new Histogram({
      name: 'gateway_request_duration_seconds',
      help: 'From the first byte of a request to the last of its answer, by method and route pattern',
      labelNames: ['method', 'route'] as const,
      buckets: secondsBuckets,
      registers,
    }),
    streamsOpen: new Gauge({
      name: 'gateway_streams_open',
      help: 'Event streams that are being watched',
      registers,
    }),
  };
}

function jobMetrics(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name, help, labelNames, registers });
  return {
    jobsAccepted: counter('gateway_jobs_accepted_total', 'Jobs stored with their hold', ['provider', 'lane']),
    jobsRefused: counter('gateway_jobs_refused_total', 'Jobs refused at intake, by reason', ['reason']),
    jobsSettled: counter('gateway_jobs_settled_total', 'Jobs that became final', ['provider', 'state']),
    ticketsIssued: counter('gateway_tickets_issued_total', 'Jobs released to the workers', ['provider']),
    jobsRepaired: counter('gateway_jobs_repaired_total', 'Jobs put right after a crash or a loss', [
      'reason',
    ]),
    attemptsEnded: counter('gateway_attempts_ended_total', 'Provider calls, by outcome', [
      'provider',
      'outcome',
    ]),
    unreadableAnswers: counter('gateway_unreadable_answers_total', 'Answers of a shape nobody knows', [
      'provider',
      'reason',
    ]),
    tokensUsed: counter('gateway_tokens_used_total', 'Tokens of charged jobs', ['provider', 'kind']),
    chargedUsd: counter('gateway_charges_usd_total', 'Charged to accounts, in USD', ['provider']),
    overrunUsd: counter('gateway_overruns_usd_total', 'Billed by providers beyond the hold, in USD', [
      'provider',
    ]),
    attemptDuration: new Histogram({
      name: 'gateway_attempt_duration_seconds',
      help: 'Length of provider calls',
      labelNames: ['provider'] as const,
      buckets: secondsBuckets,
      registers,
    }),
    jobWait: new Histogram({
      name: 'gateway_job_wait_seconds',
      help: 'From acceptance to the first call',
      labelNames: ['provider', 'lane'] as const,
      buckets: secondsBuckets,
      registers,
    }),
    jobsWaiting: new Gauge({
      name: 'gateway_jobs_waiting',
      help: 'Jobs in the backlog',
      labelNames: ['provider', 'lane'] as const,
      registers,
    }),
    jobsRunning: new Gauge({
      name: 'gateway_jobs_running',
      help: 'Jobs under a lease',
      labelNames: ['provider'] as const,
      registers,
    }),
    providerPaused: new Gauge({
      name: 'gateway_provider_paused',
      help: '1 when the operator paused the provider',
      labelNames: ['provider'] as const,
      registers,
    }),
  };
}

function deliveryMetrics(registry: Registry) {
  const registers = [registry];
  return {
    deliveriesTried: new Counter({
      name: 'gateway_deliveries_tried_total',
      help: 'Webhook POSTs, by outcome',
      labelNames: ['outcome'] as const,
      registers,
    }),
    deliveryDuration: new Histogram({
      name: 'gateway_delivery_duration_seconds',
      help: 'Length of webhook POSTs',
      buckets: secondsBuckets,
      registers,
    }),
    endpointsDisabled: new Counter({
      name: 'gateway_endpoints_disabled_total',
      help: 'Webhook endpoints the gateway gave up: gone (410) or failing (for days)',
      labelNames: ['reason'] as const,
      registers,
    }),
    deliveriesPending: new Gauge({
      name: 'gateway_deliveries_pending',
      help: 'Webhooks owed and not yet delivered',
      registers,
    }),
  };
}
