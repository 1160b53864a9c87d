const bytesPerToken = 4;
const tokensPerMessage = 3;
const tokensPerImage = 64;

/**
 * The simulator's tokenizer: four bytes of UTF-8 are a token. Low on purpose, so a safe upper bound is always
 * above it.
 */
export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}

export function countInput(input: { inputText: string; messages: number; images: number }): number {
  return countTokens(input.inputText) + input.messages * tokensPerMessage + input.images * tokensPerImage;
}

/** The longest beginning of `text` within `tokens`, never half a code point. */
export function truncateToTokens(text: string, tokens: number): string {
  const bytes = Buffer.from(text);
  const most = tokens * bytesPerToken;
  if (bytes.length <= most) return text;
  let end = most;
  // 10xxxxxx continues a code point.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString();
}
