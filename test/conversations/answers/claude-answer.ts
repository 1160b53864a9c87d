import { claudeSignature } from '../../../tools/simulator/anthropic-rules.ts';
import type { Random } from '../../../tools/stack/random.ts';
import type { Answered } from '../spoken.ts';
import { cut, type Reply, randomId } from './pieces.ts';

type Fields = Record<string, unknown>;

/** An answer of Claude's; it thinks before its text and before its first call where it `thinks` at all. */
export function claudeAnswer(spoken: Answered, random: Random, thinks: boolean): Reply {
  const content = blocksOf(spoken, random, thinks);
  const stop = spoken.refusal !== null ? 'refusal' : stopReasons[spoken.finish];
  const usage = usageOf(spoken);
  const end = { stop_reason: stop, stop_sequence: null, stop_details: null, container: null };
  const head = {
    id: `msg_${randomId(random)}`,
    type: 'message',
    role: 'assistant',
    model: 'm',
    diagnostics: null,
  };
  const started = { ...head, content: [], ...end, stop_reason: null, usage: { ...usage, output_tokens: 1 } };
  return {
    body: { ...head, content, ...end, usage },
    events: [
      { type: 'message_start', message: started },
      { type: 'ping' },
      ...content.flatMap((block, index) => blockEvents(block, index, random)),
      { type: 'message_delta', delta: end, usage },
      { type: 'message_stop' },
    ],
  };
}

const stopReasons = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' };

function blocksOf(spoken: Answered, random: Random, thinks: boolean): Fields[] {
  const [first, second] = thinks ? spoken.thoughts.map((thought) => thinking(thought, random)) : [];
  const text = spoken.refusal ?? spoken.text;
  const calls = spoken.calls.map(({ name, input }) => ({
    type: 'tool_use',
    id: `toolu_${randomId(random)}`,
    name,
    input,
    caller: { type: 'direct' },
  }));
  return [
    ...(first === undefined ? [] : [first]),
    ...(text === '' ? [] : [{ type: 'text', text, citations: null }]),
    ...(second === undefined || (calls.length === 0 && text !== '') ? [] : [second]),
    ...calls,
  ];
}

function thinking(thought: string, random: Random): Fields {
  if (random.chance(0.15)) return { type: 'redacted_thinking', data: `redacted ${randomId(random)}` };
  return { type: 'thinking', thinking: thought, signature: `${claudeSignature}${randomId(random, 40)}` };
}

function blockEvents(block: Fields, index: number, random: Random): Fields[] {
  const { start, deltas } = unrolled(block, random);
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

function unrolled(block: Fields, random: Random): { start: Fields; deltas: Fields[] } {
  const pieces = (text: unknown, type: string, field: string) =>
    cut(String(text), random).map((piece) => ({ type, [field]: piece }));
  switch (block['type']) {
    case 'text':
      return { start: { ...block, text: '' }, deltas: pieces(block['text'], 'text_delta', 'text') };
    case 'thinking':
      return {
        start: { ...block, thinking: '', signature: '' },
        deltas: [
          ...pieces(block['thinking'], 'thinking_delta', 'thinking'),
          { type: 'signature_delta', signature: block['signature'] },
        ],
      };
    case 'tool_use':
      return {
        start: { ...block, input: {} },
        deltas: pieces(JSON.stringify(block['input']), 'input_json_delta', 'partial_json'),
      };
    default:
      return { start: block, deltas: [] };
  }
}

function usageOf({ usage: { input, cached, output, reasoning } }: Answered) {
  return {
    input_tokens: input - cached,
    output_tokens: output,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens_details: { thinking_tokens: reasoning },
    server_tool_use: null,
    inference_geo: null,
    service_tier: 'standard',
    speed: null,
  };
}
