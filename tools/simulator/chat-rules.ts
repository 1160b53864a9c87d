import { BadRequest } from './prompt.ts';

/** Histories that chat completions refuse; each rule has the public report it was taken from. */

type Part = Record<string, unknown>;
type Call = {
  id?: string;
  type?: string;
  function?: { name?: string; arguments?: unknown };
  custom?: unknown;
};
export type ChatTurn = {
  role?: string;
  content?: string | Part[] | null;
  refusal?: string | null;
  tool_calls?: Call[];
  tool_call_id?: string;
} & Record<string, unknown>;

/** Throws `BadRequest` for a conversation that no server of chat completions takes. */
export function refuseOnChatTurns(messages: ChatTurn[]): void {
  refuseUnpaired(messages);
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`;
    refuseContent(message, at);
    refuseCalls(message, at);
  }
}

/** Source: BloomLabsInc/genkit-plugins 225, miurla/morphic 136. */
function refuseUnpaired(messages: ChatTurn[]): void {
  let open = new Set<unknown>();
  for (const [index, message] of messages.entries()) {
    const { role, tool_call_id: id, tool_calls: calls = [] } = message;
    if (role === 'tool') {
      if (!open.delete(id)) {
        throw new BadRequest(
          `Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls' (messages.${index}).`,
        );
      }
      continue;
    }
    refuseOpen(open);
    open = new Set(calls.map((call) => call.id));
    if (open.size < calls.length) throw new BadRequest(`messages[${index}]: duplicate tool call ids`);
  }
  refuseOpen(open);
}

function refuseOpen(open: Set<unknown>): void {
  if (open.size === 0) return;
  throw new BadRequest(
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each " +
      `'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`,
  );
}

/** Which parts a message of each role may have (SDK 7.59 `ChatCompletionMessageParam`). */
const partsOf: Record<string, string[]> = {
  system: ['text'],
  developer: ['text'],
  user: ['text', 'image_url', 'file', 'input_audio'],
  assistant: ['text', 'refusal'],
  tool: ['text'],
};

function refuseContent(message: ChatTurn, at: string): void {
  const { role = '', content, refusal, tool_calls: calls = [] } = message;
  const known = partsOf[role];
  if (known === undefined) {
    throw new BadRequest(
      `Invalid value: '${role}'. Supported values are: 'system', 'assistant', 'user', and 'tool'.`,
    );
  }
  if (Array.isArray(content)) {
    if (content.length === 0) throw new BadRequest(`Invalid '${at}.content': empty array.`);
    const unfit = content.find(({ type }) => !known.includes(String(type)));
    if (unfit !== undefined) {
      throw new BadRequest(
        `Invalid '${at}.content': ${String(unfit['type'])} is not supported in a ${role} message.`,
      );
    }
    return;
  }
  if (typeof content === 'string') return;
  if (role === 'assistant' && (calls.length > 0 || typeof refusal === 'string')) return;
  throw new BadRequest(`Invalid value for 'content': expected a string, got null. (${at})`);
}

function refuseCalls({ tool_calls: calls, tool_call_id: resultId }: ChatTurn, at: string): void {
  if (calls?.length === 0) {
    throw new BadRequest(`Invalid '${at}.tool_calls': empty array. Expected an array with minimum length 1.`);
  }
  for (const id of [...(calls ?? []).map((call) => call.id), ...(resultId === undefined ? [] : [resultId])]) {
    // Source: agno-agi/agno 5382, vercel/ai 5171.
    if (String(id).length > 40) throw new BadRequest(`Invalid '${at}.tool_calls[0].id': string too long.`);
  }
  for (const call of calls ?? []) refuseCalled(call, at);
}

function refuseCalled({ type, function: called }: Call, at: string): void {
  if (type === 'custom') return;
  if (typeof called?.arguments !== 'string') {
    throw new BadRequest(`Invalid type for '${at}.tool_calls[0].function.arguments': expected a string.`);
  }
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(called.name ?? '')) {
    throw new BadRequest(`Invalid '${at}.tool_calls[0].function.name': string does not match pattern.`);
  }
}

/** Throws for the state of other providers, which OpenAI's chat completions have nothing of. */
export function refuseForeignState(messages: ChatTurn[]): void {
  const foreign = ['extra_content', 'reasoning_content', 'reasoning', 'reasoning_details'];
  for (const [index, message] of messages.entries()) {
    for (const carrier of [message, ...(message.tool_calls ?? [])]) {
      const found = foreign.find((name) => name in carrier);
      if (found === undefined) continue;
      throw new BadRequest(`Unknown parameter: 'messages[${index}].${found}'.`, {
        code: 'unknown_parameter',
      });
    }
  }
}

/** Fields of a message that servers know which refuse all others. */
const plainFields = ['role', 'content', 'name', 'tool_calls', 'tool_call_id'];

/**
 * Throws `BadRequest` for a conversation that one of the servers refuses which copy OpenAI's wire: the strict
 * ones (Groq, Cerebras, Mistral) and those with a chat template. `taken` are fields that this one knows.
 */
export function refuseOnPlainServer(messages: ChatTurn[], taken: string[] = []): void {
  refuseOnChatTurns(messages);
  for (const [index, message] of messages.entries()) {
    const at = `messages.${index}`;
    // Source: CherryHQ/cherry-studio 16790.
    const unknown = Object.keys(message).find((name) => ![...plainFields, ...taken].includes(name));
    if (unknown !== undefined) {
      throw new BadRequest(`${at}.${unknown}: property '${at}.${unknown}' is unsupported`);
    }
    const { role = '', content } = message;
    // Source: Portkey-AI/gateway 824.
    if (role === 'developer')
      throw new BadRequest("developer is not one of ['system', 'assistant', 'user', 'tool']");
    // Source: vllm-project/vllm 41114, QwenLM/Qwen3.8 244.
    if (role === 'system' && index > 0) throw new BadRequest('System message must be at the beginning.');
    // Source: suitenumerique/conversations 197.
    if (role === 'user' && messages[index - 1]?.role === 'user') {
      throw new BadRequest('Conversation roles must alternate user/assistant/user/assistant/...');
    }
    if (Array.isArray(content) && content.every(({ type }) => type === 'text')) {
      throw new BadRequest(`${at}.content: Input should be a valid string`);
    }
  }
}
