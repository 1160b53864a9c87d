import type { Choice } from '../../shared/chat/chat.ts';
import type { Usage } from '../../shared/chat/usage.ts';
import { buildChoice, buildCompletion } from './completion.ts';
import { readOpenaiContent } from './openai-content.ts';
import { toFinishReason } from './openai-finish.ts';
import { keepReasoning, readReasoning } from './openai-reasoning.ts';
import { listReportedCalls, toToolCalls } from './openai-tool-call.ts';
import { findOpenaiUsage, readOpenaiUsage } from './openai-usage.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';
import type { Translated } from './translated.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

/** A whole `chat.completion` body as ours. Throws `UnreadableAnswer` when it is none that can be read. */
export function fromOpenaiCompletion(body: unknown, model: string): Translated {
  const usage = readOpenaiUsage(findOpenaiUsage(body));
  const created = readField(body, 'created');
  const head = {
    id: readText(body, 'id'),
    created: Number.isSafeInteger(created) ? Number(created) : null,
    model,
  };
  const completion = buildCompletion(head, readChoices(body, usage), usage);
  return { completion, usage, serviceTier: readText(body, 'service_tier') };
}

function readChoices(body: unknown, usage: Usage | null): Choice[] {
  try {
    const choices = readList(body, 'choices');
    if (choices.length > 0) return choices.map(fromOpenaiChoice);
    throw new UnreadableAnswer('no_choice', 'the provider answered without a choice');
  } catch (error) {
    if (error instanceof UnreadableAnswer) error.usage = usage;
    throw error;
  }
}

/** A body that came whole is a whole answer: some servers leave its finish reason out. */
function fromOpenaiChoice(choice: unknown, position: number): Choice {
  const message = findMessage(choice);
  const content = readOpenaiContent(message['content']);
  const index = readField(choice, 'index');
  return buildChoice({
    index: Number.isSafeInteger(index) ? Number(index) : position,
    text: content.text,
    refusal: readText(message, 'refusal') ?? content.refusal,
    reasoning: content.reasoning || readReasoning(message),
    toolCalls: toToolCalls(listReportedCalls(message, content.calls)),
    finishReason: toFinishReason(readField(choice, 'finish_reason')) ?? 'stop',
    logprobs: readField(choice, 'logprobs'),
    extraContent: keepReasoning(message),
  });
}

/** Completions of the older API have a `text`; a server that streams always sends a `delta`. */
function findMessage(choice: unknown): Record<string, unknown> {
  const found = readField(choice, 'message') ?? readField(choice, 'delta');
  if (isRecord(found)) return found;
  const text = typeof found === 'string' ? found : readText(choice, 'text');
  if (text !== null) return { content: text };
  throw new UnreadableAnswer('no_message', 'the provider answered with a choice without a message');
}
