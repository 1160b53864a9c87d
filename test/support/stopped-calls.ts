import { loadCatalogue } from '../../src/shared/catalogue/catalogue.ts';
import { parseUsd } from '../../src/shared/money/rules/money.ts';
import { priceUsage } from '../../src/shared/money/rules/price.ts';
import type { Client, Gateway } from './gateway.ts';
import { waitFor } from './wait-for.ts';

/** What calls to one model came to: the provider's bill beside the charges, in nano-USD. */
export type Bill = {
  calls: number;
  billedNano: bigint;
  chargedNano: bigint;
  aboveHold: number;
  unread: number;
};

type MeterCall = { attempt_id: string; model: string; prompt_tokens: number; completion_tokens: number };

const catalogue = loadCatalogue();

/**
 * What a provider bills for a metered call at list prices; the simulator bills nothing cached unless it is
 * told to.
 */
export function billOf(call: MeterCall): bigint {
  const model = catalogue.find(call.model);
  if (model === null) throw new Error(`no price for ${call.model}`);
  return priceUsage(model.prices, {
    promptTokens: call.prompt_tokens,
    completionTokens: call.completion_tokens,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
  });
}

/**
 * Starts a streamed call and leaves it after this many pieces of the answer, or as soon as it has begun with
 * 0.
 */
export async function leaveAfter(
  gateway: Gateway,
  client: Client,
  body: object,
  pieces: number,
): Promise<string> {
  const leaving = new AbortController();
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true }),
    signal: leaving.signal,
  });
  const jobId = answer.headers.get('x-job-id');
  if (jobId === null) throw new Error(`the call was answered ${answer.status} ${await answer.text()}`);
  const reader = answer.body?.getReader();
  for (let read = 0; read < pieces; read += 1) if ((await reader?.read())?.done !== false) break;
  leaving.abort();
  return jobId;
}

/** Jobs that have ended beside what their providers metered, by model. */
export async function compareBills(
  gateway: Gateway,
  jobs: Awaited<ReturnType<Client['call']>>['json'][],
): Promise<Map<string, Bill>> {
  const bills = new Map<string, Bill>();
  for (const job of jobs) {
    const call = await waitFor('the meter', async () => {
      const id = `att_${job.id.slice(4)}_${job.attempts}`;
      const answer = await fetch(`${gateway.simulatorUrl}/__simulator/meter?attempt_id=${id}`);
      return ((await answer.json()) as { calls: MeterCall[] }).calls[0];
    });
    const bill = bills.get(job.model) ?? {
      calls: 0,
      billedNano: 0n,
      chargedNano: 0n,
      aboveHold: 0,
      unread: 0,
    };
    const chargedNano = parseUsd(job.charge_usd) ?? 0n;
    bills.set(job.model, {
      calls: bill.calls + 1,
      billedNano: bill.billedNano + billOf(call),
      chargedNano: bill.chargedNano + chargedNano,
      aboveHold: bill.aboveHold + (chargedNano > (parseUsd(job.hold_usd) ?? 0n) ? 1 : 0),
      unread: bill.unread + (job.result === null ? 1 : 0),
    });
  }
  return bills;
}

/** Charged ÷ billed. */
export function shareOf(bills: Iterable<Bill>): number {
  let billed = 0n;
  let charged = 0n;
  for (const bill of bills) {
    billed += bill.billedNano;
    charged += bill.chargedNano;
  }
  return Number(charged) / Number(billed);
}
