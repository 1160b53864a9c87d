/**
 * The blocks of a text/event-stream as the official decoders of OpenAI for Python (1 to 3) and for Go (before
 * 3.43) cut it: at every blank line, whatever stands before it. Each is a list of its lines; what follows the
 * last blank line is left out.
 */
export function sentBlocks(stream: string): string[][] {
  return stream
    .split('\n\n')
    .slice(0, -1)
    .map((block) => block.split('\n'));
}

/** The blocks that such a decoder fails on, since it parses the data of a block that has none. */
export function blocksWithoutData(stream: string): string[][] {
  return sentBlocks(stream).filter((lines) => !lines.some((line) => line.startsWith('data: ')));
}

/**
 * The lines that a stream of OpenAI or Anthropic does not hold: neither an event's name, nor data, nor a
 * comment.
 */
export function linesOfNoVendor(stream: string): string[] {
  return sentBlocks(stream)
    .flat()
    .filter((line) => !/^(?:event: |data: |: )/.test(line));
}
