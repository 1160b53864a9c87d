import { takesLateInstructions } from '../../src/shared/catalogue/model-traits.ts';
import { BadRequest } from './prompt.ts';

/** Histories that Anthropic refuses, in its words; each rule has the public report it was taken from. */

type Block = Record<string, unknown>;
type Turn = { role?: string; content?: string | Block[] };
type Body = { model?: string; messages?: Turn[]; thinking?: { type?: string } | null };

/** What Claude signs begins with this here; another's signature is none of Claude's. */
export const claudeSignature = 'sig_';

/** Throws `BadRequest` for a conversation that the real API refuses. */
export function refuseOnMessages({ model = '', messages = [], thinking }: Body): void {
  const ids = new Set<unknown>();
  for (const [index, turn] of messages.entries()) {
    const at = `messages.${index}`;
    const blocks = blocksOf(turn);
    refuseRole(messages, index, model);
    if (blocks.length === 0) throw new BadRequest(`${at}: all messages must have non-empty content`);
    for (const [position, block] of blocks.entries()) {
      refuseBlock(block, `${at}.content.${position}`);
      refuseDoubled(block, ids, `${at}.content.${position}`);
    }
    if (turn.role === 'assistant') refuseAnswer(blocks, at, index === messages.length - 1);
    refuseUnpaired(messages, index);
  }
  if (thinking?.type === 'enabled') refuseThoughtless(messages);
}

/** Source: anthropics/claude-code 20631, ducks/claux 40. */
function refuseDoubled({ type, id }: Block, ids: Set<unknown>, at: string): void {
  if (type !== 'tool_use') return;
  if (ids.has(id)) throw new BadRequest(`${at}: \`tool_use\` ids must be unique`);
  ids.add(id);
}

const blocksOf = ({ content = [] }: Turn): Block[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

/** Source: Anthropic's page on mid-conversation system messages; pydantic/pydantic-ai 6765. */
function refuseRole(messages: Turn[], index: number, model: string): void {
  const role = messages[index]?.role;
  if (role === 'user' || role === 'assistant') return;
  if (role !== 'system' || !takesLateInstructions(model)) {
    throw new BadRequest(`messages.${index}.role: Input should be 'user' or 'assistant'`);
  }
  const next = messages[index + 1]?.role;
  if (messages[index - 1]?.role === 'user' && (next === undefined || next === 'assistant')) return;
  throw new BadRequest(
    `messages.${index}: a system message must follow a user turn, and precede an assistant turn or end the list`,
  );
}

/** Fields of each block (SDK 1.14 `ContentBlockParam`). */
const fieldsOf: Record<string, string[]> = {
  text: ['text', 'cache_control', 'citations'],
  image: ['source', 'cache_control'],
  document: ['source', 'title', 'context', 'citations', 'cache_control'],
  search_result: ['source', 'title', 'content', 'citations', 'cache_control'],
  tool_use: ['id', 'name', 'input', 'cache_control', 'caller'],
  tool_result: ['tool_use_id', 'content', 'is_error', 'cache_control'],
  thinking: ['thinking', 'signature'],
  redacted_thinking: ['data'],
};

function refuseBlock(block: Block, at: string): void {
  const type = String(block['type']);
  const known = fieldsOf[type];
  if (known === undefined) throw new BadRequest(`${at}: Input tag '${type}' found using 'type' is not known`);
  const unknown = Object.keys(block).find((field) => field !== 'type' && !known.includes(field));
  // Source: langchain-ai/langchain 31208, anthropics/claude-code 4378.
  if (unknown !== undefined) {
    throw new BadRequest(`${at}.${type}.${unknown}: Extra inputs are not permitted`);
  }
  if (type === 'text') refuseText(String(block['text']));
  if (type === 'tool_use') refuseCall(block, at);
  if (type === 'tool_result' && Array.isArray(block['content'])) {
    for (const [index, inner] of (block['content'] as Block[]).entries()) {
      refuseBlock(inner, `${at}.tool_result.content.${index}`);
    }
  }
  if (type === 'thinking' && !String(block['signature']).startsWith(claudeSignature)) {
    throw new BadRequest(`${at}: Invalid \`signature\` in \`thinking\` block`);
  }
}

/** Source: anthropics/claude-code 59812 on empty ones, 23440 on white space. */
function refuseText(text: string): void {
  if (text === '') throw new BadRequest('messages: text content blocks must be non-empty');
  if (text.trim() === '') {
    throw new BadRequest('messages: text content blocks must contain non-whitespace text');
  }
}

function refuseCall({ id, name, input }: Block, at: string): void {
  const pattern = /^[a-zA-Z0-9_-]+$/;
  if (!pattern.test(String(id))) {
    throw new BadRequest(`${at}.tool_use.id: String should match pattern '${pattern.source}'`);
  }
  if (!/^[a-zA-Z0-9_-]{1,200}$/.test(String(name))) {
    throw new BadRequest(`${at}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{1,200}$'`);
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new BadRequest(`${at}.tool_use.input: Input should be a valid dictionary`);
  }
}

const isThinking = (block: Block | undefined) => /thinking$/.test(String(block?.['type']));

function refuseAnswer(blocks: Block[], at: string, isLast: boolean): void {
  const last = blocks.at(-1);
  // Source: tailcallhq/forgecode 2107, NousResearch/hermes-agent 13010.
  if (isThinking(last)) {
    throw new BadRequest(`${at}: The final block in an assistant message cannot be \`thinking\`.`);
  }
  if (isLast && last?.['type'] === 'text' && /\s$/.test(String(last['text']))) {
    throw new BadRequest('messages: final assistant content cannot end with trailing whitespace');
  }
}

/** Calls and results stand in neighbouring turns, results first. Source: shareAI-lab/learn-claude-code 55. */
function refuseUnpaired(messages: Turn[], index: number): void {
  const at = `messages.${index}`;
  const turn = messages[index] ?? {};
  const idsIn = (other: Turn | undefined, role: string, type: string, field: string) =>
    other?.role === role
      ? blocksOf(other)
          .filter((block) => block['type'] === type)
          .map((block) => block[field])
      : [];
  const calls = idsIn(turn, 'assistant', 'tool_use', 'id');
  const results = idsIn(messages[index + 1], 'user', 'tool_result', 'tool_use_id');
  const open = calls.filter((id) => !results.includes(id));
  if (open.length > 0) {
    throw new BadRequest(
      `${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ` +
        `${open.join(', ')}.`,
    );
  }
  const asked = idsIn(messages[index - 1], 'assistant', 'tool_use', 'id');
  const given = idsIn(turn, 'user', 'tool_result', 'tool_use_id');
  const stray = given.find((id) => !asked.includes(id));
  if (stray !== undefined) {
    throw new BadRequest(
      `${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(stray)}.`,
    );
  }
  if (new Set(given).size < given.length) {
    throw new BadRequest(`${at}: each \`tool_use\` must have a single result`);
  }
  if (blocksOf(turn).findLastIndex(({ type }) => type === 'tool_result') >= Math.max(given.length, 1)) {
    throw new BadRequest(`${at}: \`tool_result\` blocks must come first in the content`);
  }
}

/**
 * With a budget, a turn that is gone on from begins with thinking; all calls between two messages of the
 * user's are one turn. Source: Anthropic's page on extended thinking with tools, anthropics/claude-code
 * 20705.
 */
function refuseThoughtless(messages: Turn[]): void {
  const isResult = ({ role, ...turn }: Turn) =>
    role === 'user' && blocksOf(turn).some(({ type }) => type === 'tool_result');
  const last = messages.at(-1);
  if (last === undefined || !isResult(last)) return;
  const asked = messages.findLastIndex((turn) => turn.role === 'user' && !isResult(turn));
  const index = messages.findIndex(({ role }, at) => at > asked && role === 'assistant');
  const [first] = blocksOf(messages[index] ?? {});
  if (isThinking(first)) return;
  throw new BadRequest(
    `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found ` +
      `\`${String(first?.['type'])}\`. When \`thinking\` is enabled, a final \`assistant\` message must ` +
      'start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks).',
  );
}
