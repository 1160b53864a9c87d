/** One event as it came over the wire; a field that was not sent is ''. */
export type ServerSentEvent = { id: string; type: string; data: string };

/**
 * Reads events from the pieces of a stream, fields and empty lines as the HTML standard has them (9.2.6),
 * lines ended by LF as the gateway sends them. Comments are left out; what was not finished when the stream
 * ends is dropped.
 */
export async function* readServerSentEvents(chunks: AsyncIterable<string>): AsyncGenerator<ServerSentEvent> {
  let rest = '';
  for await (const chunk of chunks) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event !== null) yield event;
    }
  }
}

/** Null for a block without data: comments, or a word about when to come back. */
function parseBlock(block: string): ServerSentEvent | null {
  const fields = new Map<string, string[]>();
  for (const line of block.split('\n')) {
    const [name = '', value = ''] = line.split(/: ?(.*)/s, 2);
    fields.set(name, [...(fields.get(name) ?? []), value]);
  }
  const data = fields.get('data');
  if (data === undefined) return null;
  return {
    id: fields.get('id')?.at(-1) ?? '',
    type: fields.get('event')?.at(-1) ?? '',
    data: data.join('\n'),
  };
}
