import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Models } from '../../../shared/catalogue/load-models.ts';
import { notFound } from '../../../shared/errors.ts';
import type { ProviderConfig } from '../../../shared/platform/config/built-in-providers.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { Signals } from '../../../shared/platform/redis/signals.ts';
import { resultWithin } from '../../../shared/platform/wait-at-most.ts';
import { idempotent } from '../../http/idempotent.ts';
import type { ProviderStatus, ProviderStatusDeps } from './provider-status.ts';

/** Longer than any single answer of Redis is waited for. */
const lookMsMax = 3000;

export type SwitchDeps = ProviderStatusDeps & {
  sql: Database;
  signals: Pick<Signals, 'publish'>;
  models: Pick<Models, 'providers'>;
};

/**
 * Pauses or resumes a configured provider and answers how it stands now. What was asked for is written first,
 * and committed: an operator pauses when something is wrong, and how the provider stands is partly known to a
 * Redis that may be what is wrong.
 */
export async function switchProvider(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: SwitchDeps,
  name: string,
  change: (sql: Database) => Promise<{ paused: boolean }>,
): Promise<FastifyReply> {
  const provider = deps.models.providers.find((one) => one.name === name);
  if (provider === undefined) throw notFound('provider');
  const work = async (sql: Database) => {
    const changed = await change(sql);
    deps.signals.publish('providers');
    const status = await lookAt(deps, provider);
    return { status: 200, body: { ...status, ...changed } };
  };
  return await idempotent(request, reply, deps, work, { outside: true });
}

/**
 * How it stands, or nothing but its name when that cannot be learned in time: what was asked for is done all
 * the same.
 */
async function lookAt(deps: SwitchDeps, { name, simulated }: ProviderConfig): Promise<ProviderStatus> {
  const all = await resultWithin(lookMsMax, deps.providerStatus(), 'the status').catch(() => []);
  const nothing = { window: 0, backlog: 0, running: 0, models: [] };
  return all.find((status) => status.name === name) ?? { name, simulated, paused: false, ...nothing };
}
