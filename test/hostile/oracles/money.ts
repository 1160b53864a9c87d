import type { Client } from '../../support/gateway.ts';
import type { Violation } from './violation.ts';

/** Asks the gateway to prove its ledger. */
export async function checkMoney(operator: Client): Promise<Violation[]> {
  const { json } = await operator.call('GET /v1/admin/ledger/check');
  const checks = (json.checks ?? []) as { name: string; ok: boolean; rows: number }[];
  if (checks.length === 0) return [{ oracle: 'money', on: 'ledger check', detail: 'it proved nothing' }];
  return checks
    .filter(({ ok }) => !ok)
    .map(({ name, rows }) => ({ oracle: 'money', on: name, detail: `${rows} rows` }));
}
