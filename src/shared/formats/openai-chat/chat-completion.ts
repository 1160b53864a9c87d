import type { ChatCompletion, Choice, Delta } from '../../chat/chat.ts';
import { suffixOf } from '../../ids.ts';
import { filled } from './filled.ts';
import { isRegular } from './regular-answer.ts';

/**
 * The stored completion as `POST /v1/chat/completions` answers it: under an id of ours, the same as in its
 * chunks. What its provider answered in this shape is otherwise as it came.
 */
export function toChatCompletion(completion: ChatCompletion, jobId: string): ChatCompletion {
  const { pass_through: passed, ...ours } = completion;
  const id = completionIdOf(jobId);
  if (passed?.dialect === 'chat' && isRegular(passed.body, completion)) {
    return toPassedCompletion(passed.body as unknown as ChatCompletion, { ...ours, id });
  }
  return { ...ours, id, ...served, choices: ours.choices.map(withAnnotations) };
}

/** What servers leave out of an answer, and OpenAI's API never does (SDK 7.59), is put behind what they sent. */
function toPassedCompletion(body: ChatCompletion, ours: ChatCompletion): ChatCompletion {
  const { id, model, object, created, usage } = ours;
  const choices = body.choices.map((choice) => {
    const own = ours.choices.find(({ index }) => index === choice.index);
    return own === undefined ? choice : toPassedChoice(choice, own);
  });
  return filled({ ...body, id, model, choices }, { object, created, ...(usage !== undefined && { usage }) });
}

function toPassedChoice(
  choice: Choice,
  { message: { role, refusal, reasoning_content: reasoning } }: Choice,
) {
  const shown = reasoning !== undefined && { reasoning_content: reasoning };
  const message = filled(choice.message, { role, refusal, ...shown });
  return filled({ ...choice, message }, { logprobs: null });
}

/** The id of the completion that a job answers with. */
export function completionIdOf(jobId: string): string {
  return `chatcmpl-${suffixOf(jobId)}`;
}

/** What OpenAI's API says of its own serving, on completions and chunks alike. */
const served = { service_tier: 'default' };

/** A message has a list of its sources (SDK 7.59); ours never have any. */
const withAnnotations = (choice: Choice) => ({ ...choice, message: { annotations: [], ...choice.message } });

export type ChunkOptions = { jobId: string; model: string; createdAt: Date; includeUsage: boolean };

/**
 * Turns the deltas of one job into `chat.completion.chunk`s (SDK 6.49): the same id and time on each, the
 * role with the first of a choice, with the last what the provider wants back and the finish reason, then the
 * usage when it was asked for.
 */
export function createChunks({ jobId, model, createdAt, includeUsage }: ChunkOptions) {
  const begun = new Set<number>();
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
        return [
          chunk(delta.choice, { ...role, content: delta.text, ...('role' in role ? { refusal: null } : {}) }),
        ];
      }
      if (delta.kind === 'reasoning') {
        return [chunk(delta.choice, { ...role, reasoning_content: delta.text })];
      }
      const { index, id, name, arguments: pieces, extra_content } = delta;
      const call = {
        index,
        ...(id === undefined ? {} : { id, type: 'function' }),
        function: { ...(name === undefined ? {} : { name }), arguments: pieces },
        ...(extra_content === undefined ? {} : { extra_content }),
      };
      return [chunk(delta.choice, { ...role, tool_calls: [call] })];
    },
    ended: (completion: ChatCompletion): object[] => {
      const last = completion.choices.flatMap(({ index, message, finish_reason, logprobs }) => {
        const role = begin(index);
        const { refusal, extra_content } = message;
        const delta = {
          ...role,
          ...(refusal === null ? {} : { refusal }),
          ...(extra_content === undefined ? {} : { extra_content }),
        };
        const first = Object.keys(delta).length > 0 ? [chunk(index, delta)] : [];
        return [...first, chunk(index, {}, finish_reason, logprobs)];
      });
      if (!includeUsage) return last;
      return [...last, { ...head, choices: [], usage: completion.usage ?? null }];
    },
  };
}
