import { notFound, Refusal } from '../errors.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import { formatUsd, type NanoUsd } from './rules/money.ts';
import { findBalance } from './sql/balances.ts';
import { type Entry, recordCredit } from './sql/entries.ts';

/**
 * Puts money into an account, or takes it out when the amount is negative; returns the entry. The only mover
 * of money between the outside and an account. Refuses with 404 (no such account), 402 (more than is
 * available) or 409 (more than an account can hold).
 */
export async function creditAccount(
  tx: Transaction,
  credit: { accountId: string; amountNano: NanoUsd; description: string },
): Promise<Entry> {
  const entry = await recordCredit(tx, credit);
  if (entry !== null) return entry;
  const balance = await findBalance(tx, credit.accountId);
  if (balance === null) throw notFound('account');
  if (credit.amountNano > 0n) {
    throw new Refusal('invalid_state', 'An account cannot hold more than 9,000,000,000 USD');
  }
  const required = formatUsd(-credit.amountNano);
  const available = formatUsd(balance.availableNano);
  throw new Refusal(
    'insufficient_funds',
    `Insufficient funds: this adjustment takes ${required} USD, ${available} USD is available`,
    { fields: { required, available } },
  );
}
