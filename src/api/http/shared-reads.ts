/** Gives those who ask for the same at the same time one answer, made once. */
export type SharedReads<Value> = (key: string, read: () => Promise<Value>) => Promise<Value>;

type Line<Value> = { current: Promise<unknown>; next: Promise<Value> | null };

/**
 * Nobody gets an answer that was begun before they asked, so that everybody reads what they have just written
 * or heard of: who comes while a read is under way shares the one after it. Nothing is kept beyond that.
 */
export function createSharedReads<Value>(): SharedReads<Value> {
  const lines = new Map<string, Line<Value>>();

  function start(key: string, read: () => Promise<Value>): Promise<Value> {
    const reading = read();
    const line: Line<Value> = { current: reading, next: null };
    lines.set(key, line);
    const leave = () => {
      if (lines.get(key) === line && line.next === null) lines.delete(key);
    };
    reading.then(leave, leave);
    return reading;
  }

  return (key, read) => {
    const line = lines.get(key);
    if (line === undefined) return start(key, read);
    const begin = () => start(key, read);
    line.next ??= line.current.then(begin, begin);
    return line.next;
  };
}
