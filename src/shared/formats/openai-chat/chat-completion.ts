import type { ChatCompletion, Choice, Delta, ToolCall } from '../../chat/chat.ts';
import { customInput } from '../../chat/custom-tools.ts';
import { suffixOf } from '../../ids.ts';
import { withMissing } from '../common/with-missing.ts';
import { isRegular } from './regular-answer.ts';

/**
 * The stored completion as `POST /v1/chat/completions` answers it: under an id of ours, the same as in its
 * chunks. What its provider answered in this shape is otherwise as it came.
 */
export function toChatCompletion(completion: ChatCompletion, jobId: string): ChatAnswer {
  const { pass_through: passed, ...ours } = completion;
  const id = completionIdOf(jobId);
  if (passed?.dialect === 'chat' && isRegular(passed.body, completion)) {
    return toPassedCompletion(passed.body as unknown as ChatCompletion, { ...ours, id });
  }
  return { ...ours, id, ...served, choices: ours.choices.map(toWireChoice) };
}

/** A `ChatCompletion` of OpenAI's; more of its fields are known only where it is made. */
export type ChatAnswer = { id: string; model: string } & Record<string, unknown>;

/** What servers leave out of an answer, and OpenAI never does (SDK 7.59), stands behind what they sent. */
function toPassedCompletion(body: ChatCompletion, ours: ChatCompletion): ChatCompletion {
  const { id, model, object, created, usage } = ours;
  const choices = body.choices.map((choice) => {
    const own = ours.choices.find(({ index }) => index === choice.index);
    return own === undefined ? choice : toPassedChoice(choice, own);
  });
  const known = { object, created, ...(body.usage === undefined && usage !== undefined && { usage }) };
  return withMissing({ ...body, id, model, choices }, known);
}

function toPassedChoice(
  choice: Choice,
  { message: { role, refusal, reasoning_content: reasoning } }: Choice,
) {
  const shown = reasoning !== undefined && { reasoning_content: reasoning };
  const message = withMissing(choice.message, { role, refusal, ...shown });
  return withMissing({ ...choice, message }, { logprobs: null });
}

/** The id of the completion that a job answers with. */
export function completionIdOf(jobId: string): string {
  return `chatcmpl-${suffixOf(jobId)}`;
}

/** What OpenAI's API says of its own serving, on completions and chunks alike. */
const served = { service_tier: 'default' };

/** A message has a list of its sources (SDK 7.59); ours never have any. */
function toWireChoice({ message: { calls_before_text: _, ...message }, ...choice }: Choice) {
  const { tool_calls: calls } = message;
  return {
    ...choice,
    message: {
      annotations: [],
      ...message,
      ...(calls !== undefined && { tool_calls: calls.map(toWireCall) }),
    },
  };
}

/** A call of a custom tool is one of its own kind (SDK 7.59 `ChatCompletionMessageCustomToolCall`). */
function toWireCall(call: ToolCall) {
  const { custom, function: called, ...rest } = call;
  if (custom !== true) return call;
  return { ...rest, type: 'custom', custom: { name: called.name, input: customInput(called.arguments) } };
}

export type ChunkOptions = { jobId: string; model: string; createdAt: Date; includeUsage: boolean };

/**
 * Turns the deltas of one job into `chat.completion.chunk`s (SDK 6.49): the same id and time on each, the
 * role with the first of a choice, with the last what the provider wants back and the finish reason, then the
 * usage when it was asked for.
 */
export function createChunks({ jobId, model, createdAt, includeUsage }: ChunkOptions) {
  const begun = new Set<number>();
  const spoken = new Set<number>();
  /** Calls of custom tools, by choice and index. */
  const customs = new Set<string>();
  const head = {
    id: completionIdOf(jobId),
    object: 'chat.completion.chunk' as const,
    created: Math.floor(createdAt.getTime() / 1000),
    model,
    ...served,
  };
  const tail = includeUsage ? { usage: null } : {};

  function chunk(index: number, delta: object, finishReason: string | null = null, logprobs: unknown = null) {
    return { ...head, choices: [{ index, delta, logprobs, finish_reason: finishReason }], ...tail };
  }

  function begin(choice: number): object {
    if (begun.has(choice)) return {};
    begun.add(choice);
    return { role: 'assistant' };
  }

  return {
    delta: (delta: Delta): object[] => {
      const role = begin(delta.choice);
      if (delta.kind === 'text') {
        spoken.add(delta.choice);
        return [
          chunk(delta.choice, { ...role, content: delta.text, ...('role' in role ? { refusal: null } : {}) }),
        ];
      }
      if (delta.kind === 'reasoning') {
        return [chunk(delta.choice, { ...role, reasoning_content: delta.text })];
      }
      const call = toCallPiece(delta, customs);
      return call === null ? [] : [chunk(delta.choice, { ...role, tool_calls: [call] })];
    },
    ended: (completion: ChatCompletion): object[] => {
      const last = completion.choices.flatMap(({ index, message, finish_reason, logprobs }) => {
        const delta = { ...begin(index), ...lastOf(message, spoken.has(index)) };
        const first = Object.keys(delta).length > 0 ? [chunk(index, delta)] : [];
        return [...first, chunk(index, {}, finish_reason, logprobs)];
      });
      if (!includeUsage) return last;
      return [...last, { ...head, choices: [], usage: completion.usage ?? null }];
    },
  };
}

/** A piece of a call; null for the text of a custom tool, which can be read once its arguments are whole. */
function toCallPiece(delta: Extract<Delta, { kind: 'tool_call' }>, customs: Set<string>): object | null {
  const { choice, index, id, name, custom, arguments: pieces, extra_content: state } = delta;
  const key = `${choice} ${index}`;
  const isNew = id !== undefined;
  if (custom === true) customs.add(key);
  else if (customs.has(key)) return null;
  return {
    index,
    ...(isNew && { id, type: custom === true ? 'custom' : 'function' }),
    ...(custom === true
      ? { custom: { name, input: '' } }
      : { function: { ...(name === undefined ? {} : { name }), arguments: pieces } }),
    ...(state === undefined ? {} : { extra_content: state }),
  };
}

/** What is known of a message at its end only. */
function lastOf({ content, refusal, extra_content, tool_calls = [] }: Choice['message'], isSpoken: boolean) {
  const inputs = inputsOf(tool_calls);
  return {
    // A message whose text is empty has one all the same: given back without, it would be refused.
    ...(content === '' && !isSpoken && { content }),
    ...(refusal !== null && { refusal }),
    ...(inputs.length > 0 && { tool_calls: inputs }),
    ...(extra_content !== undefined && { extra_content }),
  };
}

/** The texts of calls of custom tools. */
function inputsOf(calls: ToolCall[]): object[] {
  return calls.flatMap(({ custom, function: called }, index) =>
    custom === true ? [{ index, custom: { input: customInput(called.arguments) } }] : [],
  );
}
