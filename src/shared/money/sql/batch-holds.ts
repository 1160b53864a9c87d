import { newId } from '../../ids.ts';
import type { Transaction } from '../../platform/postgres/database.ts';
import type { NanoUsd } from '../rules/money.ts';
import type { Balance } from './balances.ts';

/**
 * Opens the one hold of a batch, from which the shares of its jobs are taken. Returns its id, or null when
 * the account has less available: then nothing is reserved. The balance is locked before.
 */
export async function reserveBatch(
  tx: Transaction,
  batch: { id: string; accountId: string },
  amountNano: NanoUsd,
): Promise<string | null> {
  const [balance] = await tx<Balance[]>`
    update balances
    set available_nano = available_nano - ${amountNano}, held_nano = held_nano + ${amountNano}
    where account_id = ${batch.accountId} and available_nano >= ${amountNano}
    returning available_nano as "availableNano", held_nano as "heldNano"`;
  if (balance === undefined) return null;
  const holdId = newId('hold');
  await tx`
    insert into holds (id, account_id, batch_id, amount_nano, remaining_nano)
    values (${holdId}, ${batch.accountId}, ${batch.id}, ${amountNano}, ${amountNano})`;
  await tx`
    insert into entries (account_id, type, amount_nano, available_nano, held_nano, batch_id, description)
    values (${batch.accountId}, 'hold', ${-amountNano}, ${balance.availableNano}, ${balance.heldNano},
      ${batch.id}, 'hold for a batch')`;
  return holdId;
}

/** Releases the shares of lines that never ran from the hold of their batch. The balance is locked before. */
export async function releaseLines(
  tx: Transaction,
  batch: { id: string; accountId: string; holdId: string | null },
  amountNano: NanoUsd,
): Promise<void> {
  if (amountNano === 0n) return;
  await tx`update holds set remaining_nano = remaining_nano - ${amountNano} where id = ${batch.holdId}`;
  const [balance] = await tx<Balance[]>`
    update balances
    set available_nano = available_nano + ${amountNano}, held_nano = held_nano - ${amountNano}
    where account_id = ${batch.accountId}
    returning available_nano as "availableNano", held_nano as "heldNano"`;
  await tx`
    insert into entries (account_id, type, amount_nano, available_nano, held_nano, batch_id, description)
    values (${batch.accountId}, 'release', ${amountNano}, ${balance?.availableNano}, ${balance?.heldNano},
      ${batch.id}, 'hold released for lines that never ran')`;
}

/** Closes the hold of a batch whose jobs have all ended; one that still has something left stays open. */
export async function closeBatchHold(tx: Transaction, holdId: string | null): Promise<void> {
  await tx`update holds set closed_at = now() where id = ${holdId} and remaining_nano = 0`;
}
