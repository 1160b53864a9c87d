import { callApi } from '../../stack/admin.ts';
import type { Breach, Evidence, Invariant } from '../evidence.ts';

/** The statement of every account, read from its first line to its last. */
export const bookInvariants: Invariant[] = [
  { name: 'the entries of every account, replayed, give its balances', check: checkReplay },
  { name: 'over everything, what came in is what is there and what was charged', check: checkZero },
  { name: 'each job has one hold, one release and its charge on the statement', check: checkStatement },
  { name: 'the gateway finds its own books in order', check: checkOwnProof },
];

type Balance = { available: bigint; held: bigint };

function checkReplay({ stored }: Evidence): Breach[] {
  const breaches: Breach[] = [];
  const balances = new Map<string, Balance>();
  for (const entry of stored.entries) {
    const balance = balances.get(entry.account_id) ?? { available: 0n, held: 0n };
    balances.set(entry.account_id, balance);
    balance.available += entry.amount_nano;
    if (entry.type === 'hold' || entry.type === 'release') balance.held -= entry.amount_nano;
    if (balance.available === entry.available_nano && balance.held === entry.held_nano) continue;
    const shown = `${entry.available_nano} and ${entry.held_nano}`;
    const replayed = `${balance.available} and ${balance.held}`;
    const detail = `entry ${entry.id} (${entry.type}) shows ${shown}, replayed ${replayed}`;
    breaches.push({ jobId: entry.job_id, detail });
    // One wrong line is one violation, not another for every line after it.
    balances.set(entry.account_id, { available: entry.available_nano, held: entry.held_nano });
  }
  for (const { account_id: accountId, available_nano: available, held_nano: held } of stored.balances) {
    const last = balances.get(accountId) ?? { available: 0n, held: 0n };
    if (last.available === available && last.held === held) continue;
    const detail = `${accountId} has ${available} and ${held}; its entries end with ${last.available} and ${last.held}`;
    breaches.push({ jobId: null, detail });
  }
  return breaches;
}

function checkZero({ stored }: Evidence): Breach[] {
  const cameIn = sum(
    stored.entries.filter(({ type }) => type === 'deposit' || type === 'adjustment'),
    ({ amount_nano }) => amount_nano,
  );
  const isThere = sum(stored.balances, (one) => one.available_nano + one.held_nano);
  const charged = sum([...stored.charges.values()], ({ amount_nano }) => amount_nano);
  if (cameIn === isThere + charged) return [];
  const detail = `${cameIn} came in, ${isThere} is there, ${charged} was charged: ${cameIn - isThere - charged} is missing`;
  return [{ jobId: null, detail }];
}

function checkStatement({ stored }: Evidence): Breach[] {
  const lines = new Map<string, Record<string, bigint[]>>();
  for (const { job_id, type, amount_nano } of stored.entries) {
    if (job_id === null) continue;
    const ofJob = lines.get(job_id) ?? {};
    lines.set(job_id, ofJob);
    ofJob[type] = [...(ofJob[type] ?? []), amount_nano];
  }
  return [...stored.jobs.values()].flatMap((job) => {
    const found = lines.get(job.id) ?? {};
    const charged = stored.charges.get(job.id)?.amount_nano ?? 0n;
    const expected: Record<string, bigint[]> = {
      // A batch is held for as a whole.
      ...(job.batch_id === null ? { hold: [-job.hold_nano] } : {}),
      ...(job.is_final ? { release: [job.hold_nano] } : {}),
      ...(charged > 0n ? { charge: [-charged] } : {}),
    };
    const [is, should] = [showLines(found), showLines(expected)];
    return is === should ? [] : [{ jobId: job.id, detail: `its lines are ${is}, and should be ${should}` }];
  });
}

function showLines(lines: Record<string, bigint[]>): string {
  return ['hold', 'release', 'charge', 'deposit', 'adjustment']
    .flatMap((type) => (lines[type] ?? []).map((amount) => `${type} ${amount}`))
    .join(', ');
}

async function checkOwnProof({ adminUrl, adminKey }: Evidence): Promise<Breach[]> {
  const base = { url: adminUrl, key: adminKey };
  const { body } = await callApi(base, 'GET', '/v1/admin/ledger/check');
  const { ok, checks } = body as { ok: boolean; checks: { name: string; ok: boolean; rows: number }[] };
  const broken = checks.filter((one) => !one.ok).map(({ name, rows }) => `${name}: ${rows} rows`);
  if (ok !== (broken.length === 0)) broken.push(`it says ok: ${ok}`);
  return broken.map((detail) => ({ jobId: null, detail }));
}

function sum<Row>(rows: Row[], amountOf: (row: Row) => bigint): bigint {
  return rows.reduce((total, row) => total + amountOf(row), 0n);
}
