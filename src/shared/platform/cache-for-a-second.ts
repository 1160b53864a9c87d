const maxAgeMs = 1000;

/**
 * A reader of what costs something to find out and is asked by nobody known: everybody who asks within a
 * second of an answer, or while it is being found, has the same one.
 */
export function cacheForASecond<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let copy: Promise<Value> | null = null;
  return () => {
    if (copy !== null) return copy;
    copy = read();
    const expireSoon = () => {
      setTimeout(() => {
        copy = null;
      }, maxAgeMs).unref();
    };
    copy.then(expireSoon, expireSoon);
    return copy;
  };
}
