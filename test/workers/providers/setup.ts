import type { OpenaiApi, ProviderKind } from '../../../src/shared/catalogue/model.ts';
import type { Answer } from '../../../src/shared/chat/call-result.ts';
import type { ChatRequest, Delta } from '../../../src/shared/chat/chat.ts';
import type { Provider, ProviderCall, ProviderSettings } from '../../../src/workers/providers/provider.ts';
import { createProvider } from '../../../src/workers/providers/registry.ts';
import { startSimulator } from '../../../tools/simulator/server.ts';

export const kinds: ProviderKind[] = ['openai', 'anthropic', 'google', 'compatible'];

const modelOf: Record<ProviderKind, string> = {
  openai: 'gpt-5-mini',
  anthropic: 'claude-haiku-4-5',
  google: 'gemini-2.5-flash',
  compatible: 'llama-3.3',
};

export type MeterCall = {
  n: number;
  provider: string;
  attempt_id: string | null;
  status: number;
  prompt_tokens: number;
  completion_tokens: number;
  billed: boolean;
  outcome: string;
};

/** A provider of each kind against one simulator, with a short leash. */
export async function startBench(limits: Partial<ProviderSettings> = {}) {
  const simulator = await startSimulator({ port: 0 });
  const providers = Object.fromEntries(
    kinds.map((kind) => [kind, connect(kind, simulator.url, limits)]),
  ) as Record<ProviderKind, Provider>;
  let attempts = 0;

  async function call(kind: ProviderKind, request: Partial<ChatRequest> | string, options: CallOptions = {}) {
    attempts += 1;
    const deltas: Delta[] = [];
    const attemptId = `att_test_${attempts}`;
    const model = options.model ?? modelOf[kind];
    const sent: ProviderCall = {
      attemptId,
      model,
      ...(options.api !== undefined && { api: options.api }),
      request: {
        model: `${kind}/${model}`,
        messages: [{ role: 'user', content: typeof request === 'string' ? request : 'hello' }],
        ...(typeof request === 'string' ? {} : request),
      },
      maxOutputTokens: options.maxOutputTokens ?? 400,
      stream: options.stream ?? false,
      reasons: options.reasons ?? false,
      signal: options.signal ?? new AbortController().signal,
      onDelta(delta) {
        deltas.push(delta);
        options.onDelta?.(delta);
      },
    };
    const answer = await (options.provider ?? providers[kind]).call(sent);
    return { answer, deltas, attemptId };
  }

  async function meter(attemptId: string): Promise<MeterCall[]> {
    // The simulator notices a lost client a moment after we have gone.
    for (let round = 0; round < 500; round++) {
      const response = await fetch(`${simulator.url}/__simulator/meter?attempt_id=${attemptId}`);
      const { calls } = (await response.json()) as { calls: MeterCall[] };
      if (calls.length > 0) return calls;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return [];
  }

  return {
    url: simulator.url,
    call,
    meter,
    async close() {
      await Promise.all(Object.values(providers).map((provider) => provider.close()));
      await simulator.close();
    },
  };
}

type CallOptions = {
  model?: string;
  api?: OpenaiApi;
  stream?: boolean;
  reasons?: boolean;
  signal?: AbortSignal;
  maxOutputTokens?: number;
  onDelta?: (delta: Delta) => void;
  provider?: Provider;
};

export function connect(kind: ProviderKind, url: string, limits: Partial<ProviderSettings> = {}): Provider {
  const hasPath = kind === 'openai' || kind === 'compatible';
  return createProvider(kind, {
    name: kind,
    baseUrl: hasPath ? `${url}/v1` : url,
    apiKey: null,
    headersTimeoutMs: 5000,
    idleTimeoutMs: 5000,
    thinkingTimeoutMs: 5000,
    answerBytesMax: 5_000_000,
    ...limits,
  });
}

export function completed(answer: Answer) {
  if (answer.kind !== 'completed') throw new Error(`not completed: ${JSON.stringify(answer)}`);
  return answer;
}

export function failed(answer: Answer) {
  if (answer.kind !== 'failed') throw new Error(`not failed: ${JSON.stringify(answer)}`);
  return answer;
}

export function textOf(answer: Answer): string {
  return completed(answer).completion.choices[0]?.message.content ?? '';
}

export function deltaText(deltas: Delta[], choice = 0): string {
  return deltas
    .filter((delta) => delta.kind === 'text' && delta.choice === choice)
    .map((delta) => (delta.kind === 'text' ? delta.text : ''))
    .join('');
}

export function deltaArguments(deltas: Delta[], index: number): string {
  return deltas
    .map((delta) => (delta.kind === 'tool_call' && delta.index === index ? delta.arguments : ''))
    .join('');
}
