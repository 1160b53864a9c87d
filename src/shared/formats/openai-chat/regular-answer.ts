import type { ChatCompletion } from '../../chat/chat.ts';

type Fields = Record<string, unknown>;

/**
 * Whether a completion that a provider answered says in every choice what ours says of it: a server behind
 * OpenAI's name may call tools and report `stop`, or send arguments as an object. What differs cannot go
 * through, since its client would read another answer than the gateway did.
 */
export function isRegular(body: Fields, { choices }: ChatCompletion): boolean {
  const given = Array.isArray(body['choices']) ? (body['choices'] as Fields[]) : [];
  return (
    given.length === choices.length &&
    choices.every(({ index, finish_reason, message }) => {
      const choice = given.find((one) => one['index'] === index);
      const words = choice?.['message'] as Fields | undefined;
      return (
        choice?.['finish_reason'] === finish_reason &&
        (words?.['content'] ?? '') === (message.content ?? '') &&
        areRegular(words?.['tool_calls'], message.tool_calls ?? [])
      );
    })
  );
}

function areRegular(given: unknown, calls: { id: string }[]): boolean {
  const list = Array.isArray(given) ? (given as Fields[]) : [];
  return (
    list.length === calls.length &&
    list.every((call, index) => {
      const { arguments: text, input } = (call['function'] ?? call['custom'] ?? {}) as Fields;
      return call['id'] === calls[index]?.id && typeof (text ?? input) === 'string';
    })
  );
}
