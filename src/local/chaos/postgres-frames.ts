/** Cuts a stream of Postgres messages into whole ones. A frontend's first message has no type byte. */
export type Framer = {
  /** Whole messages that these bytes completed; `type` is a letter, or `''` for a startup message. */
  push(chunk: Buffer): { type: string; bytes: Buffer }[];
};

/** The code an SSLRequest carries where a startup message has the protocol's version; another startup message follows it. */
const sslRequestCode = 80_877_103;

export function createFramer(side: 'frontend' | 'backend'): Framer {
  let rest: Buffer = Buffer.alloc(0);
  let inStartup = side === 'frontend';
  return {
    push: (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      const messages: { type: string; bytes: Buffer }[] = [];
      for (;;) {
        const typeBytes = inStartup ? 0 : 1;
        if (rest.length < typeBytes + 4) return messages;
        const end = typeBytes + rest.readInt32BE(typeBytes);
        if (rest.length < end) return messages;
        const bytes = rest.subarray(0, end);
        rest = rest.subarray(end);
        messages.push({ type: inStartup ? '' : String.fromCharCode(bytes[0] ?? 0), bytes });
        if (inStartup) inStartup = end === 8 && bytes.readInt32BE(4) === sslRequestCode;
      }
    },
  };
}

/** Which statement a frontend message runs, from what its connection has parsed before; null when it runs none. */
export function createStatementFollower(): (message: { type: string; bytes: Buffer }) => string | null {
  const texts = new Map<string, string>();
  return ({ type, bytes }) => {
    if (type === 'Q') return readText(bytes, 5).text;
    if (type === 'P') {
      const name = readText(bytes, 5);
      texts.set(name.text, readText(bytes, name.end).text);
      return null;
    }
    // Bind: the portal's name, then the statement's.
    return type === 'B' ? (texts.get(readText(bytes, readText(bytes, 5).end).text) ?? null) : null;
  };
}

function readText(bytes: Buffer, from: number): { text: string; end: number } {
  const zero = bytes.indexOf(0, from);
  return { text: bytes.toString('utf8', from, zero), end: zero + 1 };
}
