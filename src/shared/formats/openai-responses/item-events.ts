type Fields = Record<string, unknown>;
type Untold = Fields & { type: string };

/**
 * The events of a whole item of the output, for readers who were sent none while it came: its texts are each
 * one delta. An item of a kind without deltas of its own is opened and closed.
 */
export function eventsOfItem(item: Fields, index: number): Untold[] {
  const at = { item_id: item['id'], output_index: index };
  const opened = { ...item, ...emptyOf(item) };
  return [
    { type: 'response.output_item.added', output_index: index, item: opened },
    ...insidesOf(item, at),
    { type: 'response.output_item.done', output_index: index, item },
  ];
}

function emptyOf({ type }: Fields): Fields {
  if (type === 'message') return { content: [], status: 'in_progress' };
  if (type === 'function_call') return { arguments: '', status: 'in_progress' };
  if (type === 'custom_tool_call') return { input: '', status: 'in_progress' };
  return type === 'reasoning' ? { summary: [] } : {};
}

function insidesOf(item: Fields, at: Fields): Untold[] {
  switch (item['type']) {
    case 'message':
      return (item['content'] as Fields[]).flatMap((part, index) =>
        eventsOfPart(part, { ...at, content_index: index }),
      );
    case 'function_call': {
      const { name, arguments: text } = item;
      return [
        { type: 'response.function_call_arguments.delta', ...at, delta: text },
        { type: 'response.function_call_arguments.done', ...at, name, arguments: text },
      ];
    }
    case 'custom_tool_call':
      return [
        { type: 'response.custom_tool_call_input.delta', ...at, delta: item['input'] },
        { type: 'response.custom_tool_call_input.done', ...at, input: item['input'] },
      ];
    case 'reasoning':
      return (item['summary'] as Fields[]).flatMap((part, index) =>
        eventsOfSummary(part, { ...at, summary_index: index }),
      );
    default:
      return [];
  }
}

function eventsOfPart(part: Fields, at: Fields): Untold[] {
  const isRefusal = part['type'] === 'refusal';
  const name = isRefusal ? 'refusal' : 'output_text';
  const text = isRefusal ? part['refusal'] : part['text'];
  const more = isRefusal ? {} : { logprobs: [] };
  const whole = isRefusal ? { refusal: text } : { text, ...more };
  const empty = isRefusal ? { ...part, refusal: '' } : { ...part, text: '' };
  return [
    { type: 'response.content_part.added', ...at, part: empty },
    { type: `response.${name}.delta`, ...at, delta: text, ...more },
    { type: `response.${name}.done`, ...at, ...whole },
    { type: 'response.content_part.done', ...at, part },
  ];
}

function eventsOfSummary(part: Fields, at: Fields): Untold[] {
  const { text } = part;
  return [
    { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
    { type: 'response.reasoning_summary_text.delta', ...at, delta: text },
    { type: 'response.reasoning_summary_text.done', ...at, text },
    { type: 'response.reasoning_summary_part.done', ...at, part },
  ];
}
