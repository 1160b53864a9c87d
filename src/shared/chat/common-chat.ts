type Fields = Record<string, unknown>;

const isText = (part: Fields) => part['type'] === 'text';

/**
 * Whether a body of chat completions holds only what OpenAI and the servers with its wire have in common, so
 * that it can go to any of them in its client's words: no custom tools, no choice among allowed ones, nothing
 * from before there were tools, and no images or files in results. The body is one that was validated.
 */
export function isCommonChat(body: Fields): boolean {
  const { tool_choice: choice } = body;
  const isChosen = typeof choice === 'object' && choice !== null && (choice as Fields)['type'] !== 'function';
  return !isChosen && listOf(body['tools']).every(isFunction) && listOf(body['messages']).every(isCommon);
}

function isCommon(message: Fields): boolean {
  if (message['role'] === 'function' || message['function_call']) return false;
  return !showsResult(message) && listOf(message['tool_calls']).every(isFunction);
}

/** Whether results of tools show images or files in a body of chat completions: no server takes those. */
export function showsInResults(body: Fields): boolean {
  return listOf(body['messages']).some(showsResult);
}

const showsResult = ({ role, content }: Fields) => role === 'tool' && !listOf(content).every(isText);

/** A call may leave its type out. */
const isFunction = (tool: Fields) => (tool['type'] ?? 'function') === 'function';

const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value : []);
