import type { ContentBlockParam, MessageParam, TextBlockParam } from '@anthropic-ai/sdk/resources/messages';
import { takesLateInstructions } from '../../shared/catalogue/model-traits.ts';
import type { Message, TextPart, ToolCall } from '../../shared/chat/chat.ts';
import { takenBack, toClaudeCallId } from '../../shared/formats/anthropic-messages/own-turns.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { marks, shownBlocks, textBlocks, toResultBlock } from './anthropic-blocks.ts';
import { foldInstruction, toForeignHistory, withFitIds } from './foreign-history.ts';
import { isRecord, parseJson, readList, readText } from './read-field.ts';

/** The instructions before the first turn; Anthropic takes them apart from the messages. */
export function toSystemBlocks(messages: Message[]): TextBlockParam[] {
  return messages
    .slice(0, countLeading(messages))
    .flatMap((message) => (isInstruction(message) ? textBlocks(message.content, message) : []));
}

type Instruction = Extract<Message, { role: 'system' | 'developer' }>;

function isInstruction(message: Message): message is Instruction {
  return message.role === 'system' || message.role === 'developer';
}

/**
 * The turns of a history, whoever made it. Instructions between turns stay where the model takes them (role
 * `system`) and are said by the user elsewhere; tool results become one user turn with all that belong
 * together, and an assistant turn that came from here gets its own blocks back verbatim, signatures included.
 */
export function toAnthropicMessages(messages: Message[], model: string): MessageParam[] {
  const history = withFitIds(toForeignHistory(messages.slice(countLeading(messages))), toClaudeCallId);
  // What says nothing to Claude is left out first, since an instruction's position depends on its neighbours.
  const given = history.map(toTurn).filter(({ content }) => content.length > 0);
  const turns: MessageParam[] = [];
  for (const [index, turn] of given.entries()) {
    const isLate = turn.role === 'system';
    const before = turns.at(-1)?.role;
    const isNative = isLate && before === 'user' && endsTurn(given, index) && takesLateInstructions(model);
    addTurn(turns, isLate && !isNative ? foldedTurn(turn) : turn);
  }
  return withTrimmedEnd(turns);
}

/** Anthropic takes an instruction after a turn of the user's, with nothing more of the user's behind it. */
function endsTurn(turns: MessageParam[], index: number): boolean {
  const next = turns.slice(index + 1).find(({ role }) => role !== 'system');
  return next === undefined || next.role === 'assistant';
}

function addTurn(turns: MessageParam[], turn: MessageParam): void {
  const last = turns.at(-1);
  const isSame = last?.role === turn.role && turn.role !== 'assistant';
  if (isSame) last.content = [...asBlocks(last.content), ...asBlocks(turn.content)];
  else turns.push(turn);
}

/** The API refuses an answer that is to be gone on from when it ends in white space. */
function withTrimmedEnd(turns: MessageParam[]): MessageParam[] {
  const last = turns.at(-1);
  if (last?.role !== 'assistant' || typeof last.content === 'string') return turns;
  const block = last.content.at(-1);
  if (block?.type !== 'text') return turns;
  const content = [...last.content.slice(0, -1), { ...block, text: block.text.trimEnd() }];
  return [...turns.slice(0, -1), { ...last, content }];
}

function countLeading(messages: Message[]): number {
  const first = messages.findIndex((message) => !isInstruction(message));
  return first === -1 ? messages.length : first;
}

function asBlocks(content: MessageParam['content']): ContentBlockParam[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function foldedTurn({ content }: MessageParam): MessageParam {
  const text = asBlocks(content)
    .map((block) => readText(block, 'text') ?? '')
    .join('');
  return { role: 'user', content: [{ type: 'text', text: foldInstruction(text) }] };
}

function toTurn(message: Message): MessageParam {
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', content: textBlocks(message.content, message) };
    case 'user':
      return { role: 'user', content: shownBlocks(message.content, message) };
    case 'assistant':
      return { role: 'assistant', content: assistantBlocks(message) };
    case 'tool':
      return { role: 'user', content: [toResultBlock(message)] };
  }
}

function assistantBlocks(message: Extract<Message, { role: 'assistant' }>): ContentBlockParam[] {
  const own: unknown[] = takenBack(readList(message.extra_content?.anthropic, 'content').filter(isRecord));
  const words: string | TextPart[] | null | undefined = message.content || message.refusal;
  const plain: ContentBlockParam[] = [
    ...textBlocks(words, message),
    ...(message.tool_calls ?? []).map(toolUseBlock),
  ];
  if (own.length === 0) return plain;
  if (summarise(own) === summarise(plain)) return own as ContentBlockParam[];
  // The caller has edited the turn: its words count, and only the thinking is prepended again.
  return [...(own.filter(isThinking) as ContentBlockParam[]), ...plain];
}

/** A model may have written what is no object; it is given back what it wrote, as a text. */
function toolUseBlock(call: ToolCall): ContentBlockParam {
  const input = parseJson(call.function.arguments || '{}');
  return {
    ...marks(call.extra_content),
    type: 'tool_use',
    id: call.id,
    name: call.function.name,
    input: isRecord(input) ? input : { input: call.function.arguments },
  };
}

/** Whether an Anthropic content block is the model's thinking rather than part of its answer. */
export function isThinking(block: unknown): boolean {
  const type = readText(block, 'type');
  return type === 'thinking' || type === 'redacted_thinking';
}

function summarise(blocks: unknown[]): string {
  const text = blocks.map((block) => readText(block, 'text') ?? '').join('');
  const calls = blocks.filter((block) => readText(block, 'type') === 'tool_use');
  return writeJson([
    text.trim(),
    calls.map((call) => (isRecord(call) ? [call['id'], call['name'], call['input']] : null)),
  ]);
}
