import type { Random } from '../../../tools/stack/random.ts';
import type { Answered, SpokenCall } from '../spoken.ts';
import { cut, type Reply, randomId } from './pieces.ts';

type Fields = Record<string, unknown>;

/** An answer of OpenAI's Responses API; its items come in any order that the API has them in. */
export function responsesAnswer(spoken: Answered, random: Random, reasons: boolean): Reply {
  const status = spoken.finish === 'length' ? 'incomplete' : 'completed';
  const items = itemsOf(spoken, random, reasons, status);
  const head = {
    id: `resp_${randomId(random)}`,
    object: 'response',
    created_at: 1_700_000_000,
    completed_at: null,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    model: 'm',
    service_tier: 'default',
    ...asked,
  };
  const body = { ...head, status, output: items, usage: usageOf(spoken) };
  const open = { ...head, status: 'in_progress', incomplete_details: null, output: [], usage: null };
  const events: Fields[] = [
    { type: 'response.created', response: open },
    { type: 'response.in_progress', response: open },
    ...items.flatMap((item, index) => itemEvents(item, index, random)),
    { type: `response.${status}`, response: body },
  ];
  return { body, events: events.map((event, sequence_number) => ({ ...event, sequence_number })) };
}

/** What a response repeats of its request (SDK 7.59 `Response`). */
const asked = {
  access_programs: null,
  background: false,
  frequency_penalty: 0,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  presence_penalty: 0,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  store: false,
  temperature: 1,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  user: null,
};

function itemsOf(spoken: Answered, random: Random, reasons: boolean, status: string): Fields[] {
  const { text, refusal, thoughts } = spoken;
  const parts = [
    ...(text === '' ? [] : [{ type: 'output_text', text, annotations: [], logprobs: [] }]),
    ...(refusal === null ? [] : [{ type: 'refusal', refusal }]),
  ];
  const message = {
    type: 'message',
    id: `msg_${randomId(random)}`,
    role: 'assistant',
    status,
    content: parts,
  };
  const calls = spoken.calls.map((call) => callItem(call, random));
  const led: Fields[] = [...calls];
  if (parts.length > 0) led.splice(random.chance(0.7) ? 0 : random.int(calls.length + 1), 0, message);
  if (!reasons) return led.length === 0 ? [message] : led;
  const reasoning = thoughts.map((thought, at) => reasoningItem(thought, random, at));
  if (led.length === 0) return reasoning.length > 0 ? reasoning : [message];
  return led.flatMap((item, at) => [...(reasoning[at] === undefined ? [] : [reasoning[at]]), item]);
}

function callItem({ name, input, isCustom }: SpokenCall, random: Random): Fields {
  const call_id = `call_${randomId(random)}`;
  return isCustom
    ? { type: 'custom_tool_call', id: `ctc_${randomId(random)}`, call_id, name, input: input['input'] }
    : {
        type: 'function_call',
        id: `fc_${randomId(random)}`,
        call_id,
        name,
        arguments: JSON.stringify(input),
        status: 'completed',
      };
}

function reasoningItem(thought: string, random: Random, at: number): Fields {
  const isShown = at === 0 || random.chance(0.5);
  return {
    type: 'reasoning',
    id: `rs_${randomId(random)}`,
    summary: isShown ? [{ type: 'summary_text', text: thought }] : [],
    encrypted_content: `encrypted-${randomId(random)}`,
  };
}

function itemEvents(item: Fields, output_index: number, random: Random): Fields[] {
  const at = { output_index, item_id: item['id'] };
  const empty: Record<string, Fields> = {
    message: { content: [], status: 'in_progress' },
    function_call: { arguments: '', status: 'in_progress' },
    custom_tool_call: { input: '' },
    reasoning: { summary: [] },
  };
  return [
    { type: 'response.output_item.added', output_index, item: { ...item, ...empty[String(item['type'])] } },
    ...insides(item, random).map((event) => ({ ...event, ...at })),
    { type: 'response.output_item.done', output_index, item },
  ];
}

function insides(item: Fields, random: Random): Fields[] {
  const deltas = (type: string, text: unknown, more: Fields = {}) =>
    cut(String(text), random).map((delta) => ({ type, delta, ...more }));
  switch (item['type']) {
    case 'function_call': {
      const { name, arguments: text } = item;
      const done = { type: 'response.function_call_arguments.done', name, arguments: text };
      return [...deltas('response.function_call_arguments.delta', text), done];
    }
    case 'custom_tool_call': {
      const { input } = item;
      return [
        ...deltas('response.custom_tool_call_input.delta', input),
        { type: 'response.custom_tool_call_input.done', input },
      ];
    }
    case 'reasoning':
      return (item['summary'] as Fields[]).flatMap((part, summary_index) => [
        { type: 'response.reasoning_summary_part.added', summary_index, part: { ...part, text: '' } },
        ...deltas('response.reasoning_summary_text.delta', part['text'], { summary_index }),
        { type: 'response.reasoning_summary_text.done', summary_index, text: part['text'] },
        { type: 'response.reasoning_summary_part.done', summary_index, part },
      ]);
    default:
      return (item['content'] as Fields[]).flatMap((part, content_index) =>
        partEvents(part, content_index, deltas),
      );
  }
}

function partEvents(
  part: Fields,
  content_index: number,
  deltas: (type: string, text: unknown, more?: Fields) => Fields[],
): Fields[] {
  const isRefusal = part['type'] === 'refusal';
  const field = isRefusal ? 'refusal' : 'text';
  const kind = isRefusal ? 'response.refusal' : 'response.output_text';
  const more = isRefusal ? { content_index } : { content_index, logprobs: [] };
  return [
    { type: 'response.content_part.added', content_index, part: { ...part, [field]: '' } },
    ...deltas(`${kind}.delta`, part[field], more),
    { type: `${kind}.done`, ...more, [field]: part[field] },
    { type: 'response.content_part.done', content_index, part },
  ];
}

function usageOf({ usage: { input, cached, output, reasoning } }: Answered) {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}
