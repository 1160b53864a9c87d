import { refuseItems } from './openai-item-rules.ts';
import { BadRequest } from './prompt.ts';

/** Requests that OpenAI itself refuses, in its words; each rule has the public report it was taken from. */

type Item = Record<string, unknown>;
type ChatBody = { model?: string; tools?: unknown[]; reasoning_effort?: string };
type ResponsesBody = {
  input?: unknown;
  include?: string[] | null;
  max_output_tokens?: number | null;
  previous_response_id?: string | null;
};

const isResponsesOnly = (model: string) => /-(codex|pro)\b/.test(model);
const generationOf = (model: string) => Number(/^gpt-(\d+(?:\.\d+)?)/.exec(model)?.[1] ?? 0);
const thinks = (model: string) => /^o\d/.test(model) || (generationOf(model) >= 5 && !/chat/.test(model));

/** What chat completions refuse that the Responses API does. */
export function refuseOnChat({ model = '', tools = [], reasoning_effort: effort }: ChatBody): void {
  // Source: aaif-goose/goose 2564, alvinunreal/tmuxai 82.
  if (isResponsesOnly(model)) {
    const message = 'This model is only supported in v1/responses and not in v1/chat/completions.';
    throw new BadRequest(message, { status: 404 });
  }
  // Source: BerriAI/litellm 34569, with probes by model: from 5.5 on also where no effort is given.
  const generation = generationOf(model);
  const reasons = effort === undefined ? generation >= 5.5 : effort !== 'none';
  if (tools.length > 0 && generation >= 5.4 && reasons) {
    throw new BadRequest(
      `Function tools with reasoning_effort are not supported for ${model} in /v1/chat/completions. ` +
        "To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
    );
  }
}

/** Of chat completions, not in the SDK's `ResponseCreateParams`; openai/openai-node 1613 on `seed`. */
const unknownFields = [
  'frequency_penalty',
  'logit_bias',
  'max_completion_tokens',
  'max_tokens',
  'messages',
  'n',
  'presence_penalty',
  'reasoning_effort',
  'response_format',
  'seed',
  'stop',
  'verbosity',
];

/** What the Responses API refuses. */
export function refuseOnResponses(model: string, body: ResponsesBody): void {
  const unknown = unknownFields.find((name) => name in body);
  if (unknown !== undefined) {
    throw new BadRequest(`Unknown parameter: '${unknown}'.`, { code: 'unknown_parameter' });
  }
  // Source: earendil-works/pi 6265, vectorize-io/hindsight 58.
  const most = body.max_output_tokens ?? 16;
  if (most < 16) {
    throw new BadRequest(
      "Invalid 'max_output_tokens': integer below minimum value. " +
        `Expected a value >= 16, but got ${most} instead.`,
      { code: 'integer_below_min_value' },
    );
  }
  // Source: maximhq/bifrost 2441. Nothing is stored for the gateway, so no response is ever found.
  if (typeof body.previous_response_id === 'string') {
    const message = `Previous response with id '${body.previous_response_id}' not found.`;
    throw new BadRequest(message, { code: 'previous_response_not_found' });
  }
  // Source: pydantic/pydantic-ai 2865 (gpt-4o) and 3326 (gpt-5-chat-latest).
  if (body.include?.includes('reasoning.encrypted_content') && !thinks(model)) {
    throw new BadRequest('Encrypted content is not supported with this model.');
  }
  const items = Array.isArray(body.input) ? (body.input as Item[]) : [];
  // Source: openai/codex 14355, RooCodeInc/Roo-Code 10763.
  const long = items.findIndex(({ call_id: id }) => typeof id === 'string' && id.length > 64);
  if (long >= 0) {
    const message = `Invalid 'input[${long}].call_id': string too long. Expected a string with maximum length 64.`;
    throw new BadRequest(message, { code: 'string_above_max_length' });
  }
  refuseItems(items);
  refuseReasoning(items);
  refuseUnpaired(items);
}

function refuseReasoning(items: Item[]): void {
  items.forEach((item, index) => {
    if (item['type'] !== 'reasoning') return;
    const { id, encrypted_content: encrypted } = item;
    // Source: can1357/oh-my-pi 41.
    if (typeof encrypted !== 'string') {
      throw new BadRequest(
        `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. ` +
          'Try again with `store` set to true, or remove this item from your input.',
        { status: 404 },
      );
    }
    // Source: openai/codex 8145.
    if (!encrypted.startsWith('encrypted-')) {
      const message = `The encrypted content ${encrypted.slice(0, 4)}... could not be verified.`;
      throw new BadRequest(message, { code: 'invalid_encrypted_content' });
    }
    // Source: vercel/ai 7099, continuedev/continue 8933.
    if (!isOfAssistant(items[index + 1] ?? {})) {
      throw new BadRequest(
        `Item '${id}' of type 'reasoning' was provided without its required following item.`,
      );
    }
  });
}

function isOfAssistant(item: Item): boolean {
  const type = String(item['type'] ?? 'message');
  return type === 'reasoning' || type.endsWith('_call') || item['role'] === 'assistant';
}

/** Source: openai/codex 93 on calls without output, continuedev/continue 10092 on outputs without a call. */
function refuseUnpaired(items: Item[]): void {
  for (const kind of ['function_call', 'custom_tool_call']) {
    const idsOf = (type: string) =>
      items.filter((item) => item['type'] === type).map((item) => item['call_id']);
    const [calls, outputs] = [idsOf(kind), idsOf(`${kind}_output`)];
    const words = kind.replaceAll('_', ' ');
    const open = calls.find((id) => !outputs.includes(id));
    if (open !== undefined) throw new BadRequest(`No tool output found for ${words} ${open}.`);
    const stray = outputs.find((id) => !calls.includes(id));
    if (stray !== undefined) {
      throw new BadRequest(`No tool call found for ${words} output with call_id ${stray}.`);
    }
  }
}
