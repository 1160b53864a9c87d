/**
 * How servers with OpenAI's wire bend it, each as it was reported:
 *
 * - `parts`: content as a list of parts (Mistral's `ContentChunk`).
 * - `object_arguments`: a call's arguments as an object, whole (ggml-org/llama.cpp#20198).
 * - `no_ids`: calls without ids (vllm-project/vllm#18412).
 * - `index_zero`: every call of a stream at index 0 (continuedev/continue#13236).
 * - `stop_for_calls`: `finish_reason: "stop"` after calls (router-for-me/CLIProxyAPI#866).
 * - `no_finish_reason`: none at all, though the stream has its closing frame.
 * - `older_calls`: `function_call` in place of `tool_calls`, as before November 2023.
 */
export type Bend =
  | 'parts'
  | 'object_arguments'
  | 'no_ids'
  | 'index_zero'
  | 'stop_for_calls'
  | 'no_finish_reason'
  | 'older_calls';

export const bends: Bend[] = [
  'parts',
  'object_arguments',
  'no_ids',
  'index_zero',
  'stop_for_calls',
  'no_finish_reason',
  'older_calls',
];

type Fields = Record<string, unknown>;
type WireCall = Fields & { function?: { name?: string; arguments?: unknown } };

/** The bend that a marker such as `[[wire:no_ids]]` asks for; null for the wire as OpenAI has it. */
export function readBend(text: string): Bend | null {
  const word = /\[\[wire:([a-z_]+)\]\]/.exec(text)?.[1];
  return bends.find((bend) => bend === word) ?? null;
}

/** The finish reason of a choice with or without calls. */
export function bendFinish(bend: Bend | null, finish: string | null, hasCalls: boolean): string | null {
  if (bend === 'no_finish_reason') return null;
  return bend === 'stop_for_calls' && hasCalls && finish !== null ? 'stop' : finish;
}

/** A message, or the delta of a chunk. */
export function bendMessage(bend: Bend | null, message: Fields): Fields {
  const { tool_calls: calls, ...rest } = message as Fields & { tool_calls?: WireCall[] };
  if (bend === 'parts' && typeof rest['content'] === 'string') {
    return { ...message, content: [{ type: 'text', text: rest['content'] }] };
  }
  if (bend === null || calls === undefined) return message;
  if (bend === 'older_calls') return { ...rest, function_call: calls[0]?.function };
  return { ...rest, tool_calls: calls.map((call) => bendCall(bend, call)) };
}

function bendCall(bend: Bend, call: WireCall): WireCall {
  const { id: _, ...withoutId } = call;
  if (bend === 'no_ids') return withoutId;
  if (bend === 'index_zero' && 'index' in call) return { ...call, index: 0 };
  const { function: called } = call;
  if (bend !== 'object_arguments' || typeof called?.arguments !== 'string') return call;
  return { ...call, function: { ...called, arguments: parsed(called.arguments) } };
}

/** A piece of a stream is no whole object: there its text stays. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
