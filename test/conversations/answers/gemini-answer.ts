import { geminiSignature } from '../../../tools/simulator/google-rules.ts';
import type { Random } from '../../../tools/stack/random.ts';
import type { Answered } from '../spoken.ts';
import { cut, type Reply, randomId } from './pieces.ts';

type Part = Record<string, unknown>;

/** An answer of Gemini's, signed where it `signs`; only newer models give their calls an id. */
export function geminiAnswer(spoken: Answered, random: Random, signs: boolean): Reply {
  const id = randomId(random);
  const whole = partsOf(spoken, random, signs, (text) => [text]);
  const pieces = partsOf(spoken, random.fork(id), signs, (text) => cut(text, random));
  const ended = spoken.finish === 'length' ? 'MAX_TOKENS' : 'STOP';
  const finishReason = spoken.refusal === null ? ended : 'SAFETY';
  const response = (parts: Part[], isEnd: boolean) => ({
    candidates: [{ content: { role: 'model', parts }, index: 0, ...(isEnd && { finishReason }) }],
    ...(isEnd && { usageMetadata: usageOf(spoken) }),
    modelVersion: 'm',
    responseId: id,
  });
  return {
    body: response(whole, true),
    events: [...pieces.map((part) => response([part], false)), response([{ text: '' }], true)],
  };
}

function partsOf(
  spoken: Answered,
  random: Random,
  signs: boolean,
  pieces: (text: string) => string[],
): Part[] {
  const signature = () => (signs ? { thoughtSignature: `${geminiSignature}${randomId(random, 40)}` } : {});
  const text = spoken.refusal ?? spoken.text;
  const texts: Part[] = text === '' ? [] : pieces(text).map((piece) => ({ text: piece }));
  const hasIds = random.chance(0.5);
  const calls = spoken.calls.map(({ name, input }, at) => ({
    functionCall: { ...(hasIds && { id: randomId(random, 8) }), name, args: input },
    ...(at === 0 && signature()),
  }));
  const last = texts.at(-1);
  if (last !== undefined && calls.length === 0) Object.assign(last, signature());
  return [
    ...spoken.thoughts.flatMap((thought) => pieces(thought).map((piece) => ({ text: piece, thought: true }))),
    ...texts,
    ...calls,
  ];
}

function usageOf({ usage: { input, cached, output, reasoning } }: Answered) {
  return {
    promptTokenCount: input,
    candidatesTokenCount: output - reasoning,
    totalTokenCount: input + output,
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
  };
}
