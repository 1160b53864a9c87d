import type { ChatCompletion, PassThrough } from '../../chat/chat.ts';
import { withoutHints } from '../common/routing-hints.ts';
import { withMissing } from '../common/with-missing.ts';
import { completionIdOf, createChunks } from './chat-completion.ts';

type Fields = Record<string, unknown>;

/** Fields of other gateways that ask for something and that OpenAI does not know: they are translated. */
const foreignFields = ['reasoning', 'top_k'];

/**
 * What a client of chat completions sent, to be passed on: how it is to be sent the answer is for us, and
 * which way it goes is no matter of OpenAI's. Nothing when it is not OpenAI's own dialect.
 */
export function passedChat(given: unknown): PassThrough | undefined {
  const { stream: _, stream_options: __, ...body } = given as Fields;
  if (foreignFields.some((field) => body[field] !== undefined && body[field] !== null)) return undefined;
  return { dialect: 'chat', body: withoutHints(body) };
}

export type PassedChunkOptions = { jobId: string; model: string; createdAt: Date; includeUsage: boolean };

/**
 * The provider's own chunks for a client of chat completions: changed only in the id and the model, and
 * without the usage for a client that did not ask for it. A client that was sent none, because none came or
 * their log was lost, is sent the whole completion at the end.
 */
export function createPassedChunks(options: PassedChunkOptions) {
  const { includeUsage, model, createdAt } = options;
  const head = { object: 'chat.completion.chunk', created: Math.floor(createdAt.getTime() / 1000) };
  const own = { id: completionIdOf(options.jobId), model };
  let isBegun = false;
  let last: Fields[] = [];
  return {
    passed: (event: Fields): Fields[] => {
      const choices = choicesOf(event);
      const { usage, ...rest } = event;
      const isUsage = choices.length === 0 && usage !== undefined && usage !== null;
      if (isUsage && !includeUsage) return [];
      isBegun ||= !isUsage;
      const chunk = withMissing(
        { ...rest, ...own, ...(includeUsage && usage !== undefined && { usage }) },
        head,
      );
      // What ends the answer is sent once the job behind it has been settled.
      const ends = isUsage || choices.some((choice) => choice['finish_reason'] != null);
      if (!ends) return [chunk];
      last.push(chunk);
      return [];
    },
    ended: (completion: ChatCompletion): object[] => {
      if (!isBegun) return wholeChunks(options, completion);
      const missing = missingEnds(last, completion).map((choices) => ({ ...own, ...head, choices }));
      const given = last.filter((chunk) => choicesOf(chunk).length === 0);
      const asked = includeUsage ? [{ ...own, ...head, choices: [], usage: completion.usage ?? null }] : [];
      const usage = given.length > 0 ? given : asked;
      const ends = [...last.filter((chunk) => !given.includes(chunk)), ...missing, ...usage];
      last = [];
      return ends.map((chunk) => withReasons(chunk, completion));
    },
  };
}

const choicesOf = ({ choices }: Fields) => (Array.isArray(choices) ? (choices as Fields[]) : []);

/** Why each choice ended, as its content has it: a server may call tools and report `stop`. */
function withReasons(chunk: Fields, completion: ChatCompletion): Fields {
  const choices = choicesOf(chunk).map((choice) => {
    const ours = completion.choices.find(({ index }) => index === choice['index']);
    if (choice['finish_reason'] == null || ours === undefined) return choice;
    return { ...choice, finish_reason: ours.finish_reason };
  });
  return { ...chunk, choices };
}

/** The choices whose server came to its end without a reason. */
function missingEnds(last: Fields[], { choices }: ChatCompletion): Fields[][] {
  const ended = last.flatMap(choicesOf).map((choice) => choice['index']);
  return choices
    .filter(({ index }) => !ended.includes(index))
    .map(({ index, finish_reason }) => [{ index, delta: {}, finish_reason }]);
}

function wholeChunks(options: PassedChunkOptions, completion: ChatCompletion): object[] {
  const chunks = createChunks(options);
  const deltas = completion.choices.flatMap(({ index: choice, message }) => [
    ...(message.content ? chunks.delta({ kind: 'text', choice, text: message.content }) : []),
    ...(message.tool_calls ?? []).flatMap(({ id, custom, function: { name, arguments: text } }, index) =>
      chunks.delta({
        kind: 'tool_call',
        choice,
        index,
        id,
        name,
        ...(custom && { custom }),
        arguments: text,
      }),
    ),
  ]);
  return [...deltas, ...chunks.ended(completion)];
}
