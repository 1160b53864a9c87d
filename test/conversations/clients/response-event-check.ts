import assert from 'node:assert/strict';
import type { Fields } from './client.ts';

/**
 * The items that the events of a response come to: each opened, grown by its deltas and closed under one id
 * and position, and the same as in the response at the end.
 */
export function fromResponseEvents(events: Fields[], whole: Fields): Fields[] {
  const open = new Map<number, { id: unknown; grown: Map<string, string> }>();
  const done: Fields[] = [];
  for (const [number, event] of events.entries()) {
    assert.equal(event['sequence_number'], number);
    const { type, output_index: index, item_id, item } = event as Fields & { item?: Fields };
    const position = Number(index);
    if (type === 'response.output_item.added') {
      assert.ok(!open.has(position), 'two items are at one position');
      open.set(position, { id: item?.['id'], grown: new Map() });
    } else if (type === 'response.output_item.done') {
      const known = open.get(position);
      assert.equal(item?.['id'], known?.id);
      checkGrown(item as Fields, known?.grown ?? new Map());
      done[position] = item as Fields;
    } else if (index !== undefined) {
      const known = open.get(position);
      assert.equal(item_id, known?.id, String(type));
      assert.ok(done[position] === undefined, 'an item goes on after its end');
      if (String(type).endsWith('.delta')) grow(known?.grown ?? new Map(), event);
    }
  }
  const last = events.at(-1);
  assert.equal(last?.['type'], `response.${String(whole['status'])}`);
  const response = last?.['response'] as Fields;
  assert.deepEqual(withJoinedThoughts(response), withJoinedThoughts(whole));
  assert.deepEqual(done, response['output']);
  return done;
}

/** What was thought in pieces is one part, and the first item, of a response that was not streamed. */
function withJoinedThoughts(response: Fields): Fields {
  const output = (response['output'] as Fields[]).map(({ summary, ...item }) => {
    if (summary === undefined) return item;
    return {
      ...item,
      summary: (summary as Fields[])
        .map(({ text }) => text)
        .join('')
        .replaceAll(/\s/g, ''),
    };
  });
  const byId = output.toSorted((one, other) => String(one['id']).localeCompare(String(other['id'])));
  return { ...response, output: byId };
}

const keyOf = ({ type, content_index, summary_index }: Fields) =>
  `${String(type).replace(/\.(delta|done)$/, '')} ${String(content_index ?? summary_index ?? 0)}`;

function grow(grown: Map<string, string>, event: Fields): void {
  const key = keyOf(event);
  grown.set(key, (grown.get(key) ?? '') + String(event['delta']));
}

/** What came piece by piece is what the item has at its end. */
function checkGrown(item: Fields, grown: Map<string, string>): void {
  const expected = new Map<string, string>();
  const expect = (type: string, index: number, text: unknown) => {
    if (text !== '') expected.set(`${type} ${index}`, String(text));
  };
  for (const [index, part] of ((item['content'] ?? []) as Fields[]).entries()) {
    if (part['type'] === 'output_text') expect('response.output_text', index, part['text']);
    if (part['type'] === 'refusal') expect('response.refusal', index, part['refusal']);
  }
  for (const [index, { text }] of ((item['summary'] ?? []) as Fields[]).entries()) {
    expect('response.reasoning_summary_text', index, text);
  }
  if (item['type'] === 'function_call') expect('response.function_call_arguments', 0, item['arguments']);
  if (item['type'] === 'custom_tool_call') expect('response.custom_tool_call_input', 0, item['input']);
  assert.deepEqual(new Map([...grown].sort()), new Map([...expected].sort()));
}
