/** Gives those who ask for the same at the same time one answer, made once. */
export type SharedReads<Value> = (key: string, read: () => Promise<Value>) => Promise<Value>;

/** Nothing is kept: who asks when the read has ended, well or not, has it made anew. */
export function createSharedReads<Value>(): SharedReads<Value> {
  const underWay = new Map<string, Promise<Value>>();
  return (key, read) => {
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const reading = read().finally(() => underWay.delete(key));
    underWay.set(key, reading);
    return reading;
  };
}
