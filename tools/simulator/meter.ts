import { createWriteStream } from 'node:fs';

/** How a call ended, as the provider sees it. */
export type MeterOutcome = 'completed' | 'refused' | 'cut';

/** One call, as a provider's bill would have it. */
export type MeterCall = {
  n: number;
  /** RFC 3339. */
  at: string;
  provider: string;
  model: string;
  /** From the header `x-gateway-attempt-id`. */
  attempt_id: string | null;
  /** HTTP status; 0 when no header was sent. */
  status: number;
  prompt_tokens: number;
  completion_tokens: number;
  billed: boolean;
  streamed: boolean;
  outcome: MeterOutcome;
};

type Totals = {
  calls: number;
  billed: number;
  prompt_tokens: number;
  completion_tokens: number;
  outcomes: Record<string, number>;
};

/** What every call cost, in the order they ended; tests compare it with the gateway's ledger. */
export type Meter = {
  record(call: Omit<MeterCall, 'n' | 'at'>): void;
  calls(): MeterCall[];
  totals(): Totals & { providers: Record<string, Totals> };
  clear(): void;
  close(): void;
};

/** Kept in memory; with a file path every call is also appended there as a line of JSON. */
export function createMeter(path: string | null): Meter {
  const file = path === null ? null : createWriteStream(path, { flags: 'a' });
  let calls: MeterCall[] = [];
  let made = 0;
  let all = noTotals();
  let providers: Record<string, Totals> = {};

  return {
    record(call) {
      made += 1;
      const entry = { n: made, at: new Date().toISOString(), ...call };
      calls.push(entry);
      addTo(all, entry);
      const ofProvider = providers[call.provider] ?? noTotals();
      providers[call.provider] = ofProvider;
      addTo(ofProvider, entry);
      file?.write(`${JSON.stringify(entry)}\n`);
    },
    calls: () => calls,
    totals: () => ({ ...all, providers }),
    clear() {
      calls = [];
      all = noTotals();
      providers = {};
    },
    close: () => void file?.end(),
  };
}

function noTotals(): Totals {
  return { calls: 0, billed: 0, prompt_tokens: 0, completion_tokens: 0, outcomes: {} };
}

function addTo(totals: Totals, call: MeterCall): void {
  totals.calls += 1;
  totals.outcomes[call.outcome] = (totals.outcomes[call.outcome] ?? 0) + 1;
  if (!call.billed) return;
  totals.billed += 1;
  totals.prompt_tokens += call.prompt_tokens;
  totals.completion_tokens += call.completion_tokens;
}
