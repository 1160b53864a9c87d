import { BadRequest } from './prompt.ts';

/** Items that OpenAI's Responses API refuses; each rule has the public report it was taken from. */

type Item = Record<string, unknown>;

/** Fields of the items (SDK 7.59 `ResponseInputItem`). */
const fieldsOf: Record<string, string[]> = {
  message: ['role', 'content', 'id', 'status', 'phase'],
  function_call: ['call_id', 'name', 'arguments', 'id', 'status', 'namespace', 'caller', 'async'],
  custom_tool_call: ['call_id', 'name', 'input', 'id', 'status', 'namespace', 'caller', 'async'],
  function_call_output: ['call_id', 'output', 'id', 'status', 'name', 'namespace', 'caller'],
  custom_tool_call_output: ['call_id', 'output', 'id', 'caller'],
  reasoning: ['summary', 'encrypted_content', 'content', 'id', 'status'],
  tool_search_call: ['call_id', 'arguments', 'execution', 'id', 'status', 'created_by'],
  tool_search_output: ['call_id', 'tools', 'execution', 'id', 'status', 'created_by'],
};

const idOf: Record<string, string> = {
  message: 'msg',
  function_call: 'fc',
  custom_tool_call: 'ctc',
  reasoning: 'rs',
};

/** Throws `BadRequest` for an item that the real API refuses. */
export function refuseItems(items: Item[]): void {
  const ids = new Set<unknown>();
  for (const [index, item] of items.entries()) {
    const type = String(item['type'] ?? 'message');
    const at = `input[${index}]`;
    refuseUnknown(item, type, at);
    const { id } = item;
    // Source: Wei-Shaw/sub2api 3785, nodetool-ai/nodetool 4252.
    if (typeof id === 'string' && idOf[type] !== undefined && !id.startsWith(idOf[type])) {
      throw new BadRequest(`Invalid '${at}.id': '${id}'. Expected an ID that begins with '${idOf[type]}'.`);
    }
    // Source: earendil-works/pi 5149, continuedev/continue 10200.
    if (typeof id === 'string' && ids.has(id)) {
      throw new BadRequest(
        `Duplicate item found with id ${id}. Remove duplicate items from your input and try again.`,
      );
    }
    ids.add(id);
    if (type === 'message') refuseContent(item, at);
  }
}

/** Source: openai/openai-python 3008. */
function refuseUnknown(item: Item, type: string, at: string): void {
  const known = fieldsOf[type];
  if (known === undefined) throw new BadRequest(`Invalid value: '${type}'. (${at}.type)`);
  const unknown = Object.keys(item).find((field) => field !== 'type' && !known.includes(field));
  if (unknown === undefined) return;
  throw new BadRequest(`Unknown parameter: '${at}.${unknown}'.`, { code: 'unknown_parameter' });
}

/** An assistant's parts are those of an output (SDK 7.59 `ResponseOutputMessage`). */
function refuseContent({ role, content }: Item, at: string): void {
  if (typeof content === 'string') return;
  const known =
    role === 'assistant' ? ['output_text', 'refusal'] : ['input_text', 'input_image', 'input_file'];
  for (const [index, { type }] of (content as Item[]).entries()) {
    if (known.includes(String(type))) continue;
    throw new BadRequest(`Invalid value: '${String(type)}'. (${at}.content[${index}])`);
  }
}
