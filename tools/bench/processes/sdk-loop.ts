import OpenAI from 'openai';
import { quantile } from '../row.ts';
import { chatRequest } from '../submission-body.ts';
import { readPlan, writeResult } from './plan.ts';

export type SdkPlan = {
  url: string;
  /** Of a server that asks for one. */
  apiKey?: string;
  /** What the server calls the model; as the provider does unless it is given. */
  model?: string;
  calls: number;
  atOnce: number;
  stream: boolean;
};

export type SdkResult = {
  /** All calls, those while warming up included. */
  made: number;
  perSecond: number;
  cpuMsPerCall: number;
  /** From the call to its first text (streams only) and to its end; by quantile. */
  firstMs: { p50: number; p99: number };
  doneMs: { p50: number; p99: number };
};

const warmCallsMax = 200;

/**
 * What anybody would write who needs no job, no money and no durability: calls of the official SDK, so many
 * at once.
 */
async function loop(plan: SdkPlan): Promise<SdkResult> {
  const client = new OpenAI({ apiKey: plan.apiKey ?? 'none', baseURL: `${plan.url}/v1`, maxRetries: 0 });
  const warmCalls = Math.min(warmCallsMax, plan.calls);
  await callAll(client, { ...plan, calls: warmCalls });
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const { firstMs, doneMs } = await callAll(client, plan);
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    made: plan.calls + warmCalls,
    perSecond: plan.calls / seconds,
    cpuMsPerCall: (cpu.user + cpu.system) / 1000 / plan.calls,
    firstMs: { p50: quantile(firstMs, 0.5), p99: quantile(firstMs, 0.99) },
    doneMs: { p50: quantile(doneMs, 0.5), p99: quantile(doneMs, 0.99) },
  };
}

async function callAll(client: OpenAI, plan: SdkPlan): Promise<{ firstMs: number[]; doneMs: number[] }> {
  const firstMs: number[] = [];
  const doneMs: number[] = [];
  let left = plan.calls;
  const request = { ...chatRequest, model: plan.model ?? chatRequest.model };
  const hand = async () => {
    while (left-- > 0) {
      const calledAt = performance.now();
      const note = () => firstMs.push(performance.now() - calledAt);
      if (plan.stream) await readStream(client, request, note);
      else await client.chat.completions.create(request);
      doneMs.push(performance.now() - calledAt);
    }
  };
  await Promise.all(Array.from({ length: plan.atOnce }, hand));
  return { firstMs, doneMs };
}

async function readStream(client: OpenAI, request: typeof chatRequest, onFirst: () => void): Promise<void> {
  let seen = false;
  const stream = await client.chat.completions.create({ ...request, stream: true });
  for await (const chunk of stream) {
    if (seen || !chunk.choices[0]?.delta.content) continue;
    seen = true;
    onFirst();
  }
}

writeResult(await loop(readPlan<SdkPlan>()));
