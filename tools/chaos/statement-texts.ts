/** Which text each prepared statement and each portal of one connection stands for. */
export type StatementTexts = {
  /** Follows a message of the client; gives the text it would run, or null when it runs none. */
  follow(message: Buffer): string | null;
};

/**
 * Reads Parse, Bind, Execute, Close and Query, as laid out in "Message Formats" of the Postgres manual: a
 * type byte, an int32 length, then fields, of which names and texts end with a zero byte.
 */
export function createStatementTexts(): StatementTexts {
  const statements = new Map<string, string>();
  const portals = new Map<string, string>();
  return {
    follow(message) {
      const { text, next } = textAt(message, 5);
      switch (String.fromCharCode(message[0] ?? 0)) {
        case 'P':
          statements.set(text, textAt(message, next).text);
          return null;
        case 'B': {
          const statement = statements.get(textAt(message, next).text) ?? null;
          if (statement !== null) portals.set(text, statement);
          return statement;
        }
        case 'E':
          return portals.get(text) ?? null;
        case 'Q':
          return text;
        case 'C':
          if (text.startsWith('S')) statements.delete(text.slice(1));
          else portals.delete(text.slice(1));
          return null;
        default:
          return null;
      }
    },
  };
}

function textAt(message: Buffer, start: number): { text: string; next: number } {
  const end = message.indexOf(0, start);
  if (end === -1) return { text: '', next: message.length };
  return { text: message.toString('utf8', start, end), next: end + 1 };
}
