import { adminKey, type Client, type Gateway } from '../support/gateway.ts';
import type { Credentials } from './hostile-request.ts';

/** Who plays in a sweep; each is an account with money. */
export type Cast = {
  /** Sends what is hostile. */
  tenant: Client;
  /** Begins batches of what is hostile. */
  batcher: Client;
  /** Breaks off in the middle. */
  leaver: Client;
  /** Means well, and is looked at before and afterwards. */
  innocent: Client;
  /** Whose key is only in requests hidden in others. */
  hidden: Client;
  credentials: Credentials;
};

/** Accounts in which nothing may change. */
export const untouched = ['innocent', 'hidden'];
/** The account whose settings, keys and money hostile operators change. */
export const pliableId = 'pliable';

export async function openCast(gateway: Gateway): Promise<Cast> {
  const open = (id: string) => gateway.openAccount(id, '100000');
  const tenant = await open('tenant');
  const leaver = await open('leaver');
  const credentials = { tenant: tenant.key, operator: adminKey, leaver: leaver.key };
  await open(pliableId);
  const others = {
    batcher: await open('batcher'),
    innocent: await open('innocent'),
    hidden: await open('hidden'),
  };
  return { tenant, leaver, ...others, credentials };
}
