import { countJobsByProvider } from '../shared/accounts/sql/operations.ts';
import type { Models } from '../shared/catalogue/load-models.ts';
import type { Database } from '../shared/platform/postgres/database.ts';
import type { Gate, GateStatus } from '../shared/queue/gate.ts';
import { capacityOf, windowOf } from '../shared/queue/rules/window.ts';
import { listPausedProviders } from '../shared/queue/sql/paused-providers.ts';
import { listBusyModels, sumConcurrency } from '../shared/queue/sql/workers.ts';
import type { ProviderStatus } from './routes/admin/provider-status.ts';

export type ProviderStatusSource = {
  sql: Database;
  gate: Pick<Gate, 'status'>;
  models: Models;
  concurrency: { leaseSeconds: number };
};

/**
 * How every configured provider stands: what waits, what runs, and the gate of each model that was used in
 * the last hour or has work. Without Redis the gate is unknown and shown as closed and without figures.
 */
export async function readProviderStatus(source: ProviderStatusSource): Promise<ProviderStatus[]> {
  const { sql } = source;
  const [paused, counts, busy, capacities] = await Promise.all([
    listPausedProviders(sql),
    countJobsByProvider(sql),
    listBusyModels(sql),
    sumConcurrency(sql, source.concurrency),
  ]);
  return Promise.all(
    source.models.providers.map(async ({ name, simulated, maxConcurrency }) => {
      const count = counts.find((row) => row.provider === name);
      const models = busy.filter((row) => row.provider === name).map((row) => row.model);
      return {
        name,
        paused: paused.includes(name),
        simulated,
        window: windowOf(capacityOf(capacities, maxConcurrency)),
        backlog: count?.backlog ?? 0,
        running: count?.running ?? 0,
        models: await Promise.all(models.map((model) => readGate(source.gate, name, model))),
      };
    }),
  );
}

const unknownGate: GateStatus = {
  breaker: 'closed',
  blockedUntil: null,
  requestsLeft: null,
  tokensLeft: null,
};

async function readGate(gate: Pick<Gate, 'status'>, provider: string, model: string) {
  const status = await gate.status(provider, model).catch(() => unknownGate);
  return {
    model,
    breaker: status.breaker,
    blocked_until: status.blockedUntil?.toISOString() ?? null,
    requests_left: status.requestsLeft,
    tokens_left: status.tokensLeft,
  };
}
