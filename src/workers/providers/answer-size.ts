import type { ProviderCall } from './provider.ts';

/** Framing, state of the provider, and whatever a server adds of its own. */
const baseBytes = 16 * 1024 * 1024;
const eventBaseBytes = 1024 * 1024;
/** A token of text is four characters as a rule, and six bytes a character at most when JSON escapes it. */
const bytesPerToken = 48;
/**
 * One alternative of a token: its text, its bytes and its probability; laid out over lines, as OpenAI does,
 * and packed.
 */
const logprobBytesMax = 512;
const logprobBytes = 80;

/** How many tokens were asked for at most, over all choices. */
const tokensMax = ({ request, maxOutputTokens }: ProviderCall) => maxOutputTokens * (request.n ?? 1);

function alternatives({ logprobs, top_logprobs }: ProviderCall['request']): number {
  return logprobs === true ? 1 + (top_logprobs ?? 0) : 0;
}

/**
 * How many bytes of an answer are held in memory at most: what was asked for can take so much, and no more
 * than `ceilingBytes`. The framing of a stream, which is not held, does not count.
 */
export function answerBytesMax(call: ProviderCall, ceilingBytes: number): number {
  const perToken = bytesPerToken + alternatives(call.request) * logprobBytesMax;
  return Math.min(ceilingBytes, baseBytes + tokensMax(call) * perToken);
}

/**
 * How large one event of a stream may be: all of the text at once, if a server likes. The SDKs hold an event
 * that has not ended, and copy it with each piece that comes.
 */
export function eventBytesMax(call: ProviderCall, ceilingBytes: number): number {
  return Math.min(ceilingBytes, eventBaseBytes + tokensMax(call) * bytesPerToken);
}

/** About how many tokens an answer of this many bytes has that nobody could read. */
export function tokensOfBytes(call: ProviderCall, bytes: number): number {
  const perToken = bytesPerToken + alternatives(call.request) * logprobBytes;
  return Math.min(tokensMax(call), Math.ceil(bytes / perToken));
}
