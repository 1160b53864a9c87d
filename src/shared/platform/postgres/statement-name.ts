import { createHash } from 'node:crypto';

const names = new Map<string, string>();

/**
 * The same text is the same prepared statement on every connection; there are as many texts as the code has.
 */
export function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
  names.set(text, name);
  return name;
}
