import type { Log } from '../platform/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import { readFact, recordFact, recordFirstFact } from '../platform/postgres/installation.ts';
import { isSealedWithCurrent, type SecretsKey, seal, unseal } from '../platform/seal.ts';
import {
  listSealed,
  replaceSealed,
  type SealedColumn,
  type SealedRow,
  sealedColumns,
} from './sql/sealed-rows.ts';
import { aadOfAccount, aadOfEndpoint } from './webhook-secret.ts';

/**
 * A text that is sealed with the key of the installation, so that another key is noticed before it is used.
 */
const fact = 'secrets_check';
const factText = 'sealed with the key of this installation';
const factLocation = 'installation.secrets_check';

const pageSize = 200;

/**
 * Null when the keys at hand open what this installation has sealed; else a sentence that says what to set.
 */
export async function findWrongKey(sql: Database, secretsKey: SecretsKey): Promise<string | null> {
  if ((await readFact(sql, fact)) === null) {
    // An installation older than this check: its secrets say whose it is.
    const [secret] = await listSealed(sql, 'accounts.webhook_secret', { after: '', limit: 1 });
    if (secret !== undefined && !opens(secretsKey, secret.sealed, aadOfAccount(secret.id))) return wrongKey;
    await recordFirstFact(sql, fact, seal(secretsKey, factText, factLocation).toString('base64'));
  }
  // Read again: another process may have been the first, with another key.
  const sealed = Buffer.from((await readFact(sql, fact)) ?? '', 'base64');
  return opens(secretsKey, sealed, factLocation) ? null : wrongKey;
}

const wrongKey =
  'SECRETS_KEY: is not the one that the secrets of this installation were sealed with; set that one again, or give it as SECRETS_KEY_PREVIOUS beside the new one';

function opens(secretsKey: SecretsKey, sealed: Buffer, location: string): boolean {
  try {
    unseal(secretsKey, sealed, location);
    return true;
  } catch {
    return false;
  }
}

type ResealDeps = { sql: Database; secretsKey: SecretsKey; log: Log };

/**
 * While older keys are given, seals with the current one whatever they sealed, a page at a time, and says
 * when nothing needs them any more. To be repeated: a process that was not yet started anew goes on sealing
 * with the old key. What no key opens is left as it is.
 */
export async function resealSecrets(deps: ResealDeps): Promise<void> {
  const { sql, secretsKey, log } = deps;
  if (secretsKey.previous.length === 0) return;
  const counts = { current: 0, resealed: 0, unopened: 0 };
  for (const column of sealedColumns) {
    for (let after = ''; ; ) {
      const rows = await listSealed(sql, column, { after, limit: pageSize });
      for (const row of rows) counts[await reseal(deps, column, row)] += 1;
      after = rows.at(-1)?.id ?? '';
      if (rows.length < pageSize) break;
    }
  }
  if (counts.unopened > 0) {
    log.error(counts, 'stored secrets open with none of SECRETS_KEY and SECRETS_KEY_PREVIOUS');
  } else if (counts.resealed > 0 || !(await isFactCurrent(deps))) {
    await recordFact(sql, fact, seal(secretsKey, factText, factLocation).toString('base64'));
    log.info(
      counts,
      'every secret is sealed with SECRETS_KEY; two days from now SECRETS_KEY_PREVIOUS may go',
    );
  }
}

async function isFactCurrent({ sql, secretsKey }: ResealDeps): Promise<boolean> {
  const sealed = await readFact(sql, fact);
  return sealed !== null && isSealedWithCurrent(secretsKey, Buffer.from(sealed, 'base64'), factLocation);
}

async function reseal(
  { sql, secretsKey }: ResealDeps,
  column: SealedColumn,
  row: SealedRow,
): Promise<'current' | 'resealed' | 'unopened'> {
  const aad = column.startsWith('accounts.') ? aadOfAccount(row.id) : aadOfEndpoint(row.id);
  if (isSealedWithCurrent(secretsKey, row.sealed, aad)) return 'current';
  let text: string;
  try {
    text = unseal(secretsKey, row.sealed, aad);
  } catch {
    return 'unopened';
  }
  await replaceSealed(sql, column, row, seal(secretsKey, text, aad));
  return 'resealed';
}
