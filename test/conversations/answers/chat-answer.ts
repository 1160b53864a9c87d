import type { Random } from '../../../tools/stack/random.ts';
import type { Answered, SpokenCall } from '../spoken.ts';
import { cut, type Reply, randomId } from './pieces.ts';

type Fields = Record<string, unknown>;

/** An answer of OpenAI's chat completions, or of a server that copies them and `shows` what it thought. */
export function chatAnswer(spoken: Answered, random: Random, shows: boolean): Reply {
  const { text, refusal, finish, thoughts } = spoken;
  const ids = idsFor(spoken.calls, random, shows);
  const calls = spoken.calls.map((call, at) => wireCall(call, ids[at] ?? ''));
  const reasoning = shows && thoughts.length > 0 ? thoughts.join('\n') : null;
  const message = {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refusal !== null) ? null : text,
    refusal,
    ...(reasoning !== null && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
  const head = {
    id: `chatcmpl-${randomId(random)}`,
    created: 1_700_000_000,
    model: 'm',
    service_tier: 'default',
  };
  const usage = usageOf(spoken);
  const choice = { index: 0, message, logprobs: null, finish_reason: finish };
  const chunk = (delta: object, reason: string | null = null) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
    usage: null,
  });
  return {
    body: { ...head, object: 'chat.completion', choices: [choice], usage },
    events: [
      chunk({ role: 'assistant', content: text === '' ? null : '', refusal: null }),
      ...cut(reasoning ?? '', random).map((piece) => chunk({ reasoning_content: piece })),
      ...cut(text, random).map((piece) => chunk({ content: piece })),
      ...cut(refusal ?? '', random).map((piece) => chunk({ refusal: piece })),
      ...interleaved(
        calls.map((call, index) => callDeltas(call, index, random)),
        random,
      ).map((call) => chunk({ tool_calls: [call] })),
      chunk({}, finish),
      { ...head, object: 'chat.completion.chunk', choices: [], usage },
    ],
  };
}

/** Kimi's ids are the same in each turn, and no other provider takes their letters. */
function idsFor(calls: SpokenCall[], random: Random, isCopy: boolean): string[] {
  const isOdd = isCopy && random.chance(0.4);
  return calls.map(({ name }, at) => (isOdd ? `functions.${name}:${at}` : `call_${randomId(random)}`));
}

function wireCall({ name, input, isCustom }: SpokenCall, id: string): Fields {
  return isCustom
    ? { id, type: 'custom', custom: { name, input: input['input'] } }
    : { id, type: 'function', function: { name, arguments: JSON.stringify(input) } };
}

function callDeltas(call: Fields, index: number, random: Random): Fields[] {
  const kind = call['type'] === 'custom' ? 'custom' : 'function';
  const field = kind === 'custom' ? 'input' : 'arguments';
  const called = call[kind] as Fields;
  return [
    { index, ...call, [kind]: { ...called, [field]: '' } },
    ...cut(String(called[field]), random).map((piece) => ({ index, [kind]: { [field]: piece } })),
  ];
}

/** Calls one after the other or, as some servers write them, each piece beside those of the others. */
function interleaved(lists: Fields[][], random: Random): Fields[] {
  if (random.chance(0.6)) return lists.flat();
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat();
}

function usageOf({ usage: { input, cached, output, reasoning } }: Answered) {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0 },
  };
}
