import type { Metrics } from '../platform/metrics.ts';
import type { Ledger } from './ledger.ts';
import { lanes } from './rules/job.ts';
import type { JobEnding } from './sql/settle-jobs.ts';

const nanoPerUsd = 1e9;

/**
 * The same ledger, with what passes through it counted: every acceptance, every attempt and every ending
 * does.
 */
export function measureLedger(ledger: Ledger, metrics: Metrics): Ledger {
  return {
    acceptJob: async (intake) => {
      const verdict = await ledger.acceptJob(intake);
      if (verdict.kind === 'accepted') {
        metrics.jobsAccepted.inc({ provider: intake.provider, lane: lanes[intake.lane] ?? '' });
      } else {
        metrics.jobsRefused.inc({ reason: verdict.kind });
      }
      return verdict;
    },
    settleJob: async (ending) => {
      const settled = await ledger.settleJob(ending);
      if (settled) countEnding(metrics, ending);
      return settled;
    },
    requeueJob: async (item) => {
      const kept = await ledger.requeueJob(item);
      if (kept) metrics.attemptsEnded.inc({ provider: item.attempt.provider, outcome: item.attempt.outcome });
      return kept;
    },
  };
}

function countEnding(metrics: Metrics, { provider, state, charge, attempt }: JobEnding): void {
  metrics.jobsSettled.inc({ provider, state });
  if (attempt !== null) metrics.attemptsEnded.inc({ provider: attempt.provider, outcome: attempt.outcome });
  if (charge === null) return;
  metrics.tokensUsed.inc({ provider, kind: 'prompt' }, charge.usage.promptTokens);
  metrics.tokensUsed.inc({ provider, kind: 'completion' }, charge.usage.completionTokens);
  metrics.chargedUsd.inc({ provider }, Number(charge.amountNano) / nanoPerUsd);
  metrics.overrunUsd.inc({ provider }, Number(charge.overrunNano) / nanoPerUsd);
}
