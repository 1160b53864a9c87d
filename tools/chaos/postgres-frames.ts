/** A stream of bytes, read a message at a time. */
export type FrameReader = {
  push(bytes: Buffer): void;
  /** The next `count` bytes, or null until they are here. */
  take(count: number): Buffer | null;
  /**
   * The next whole message, or null until it is here. `typeBytes` stand before its int32 length, which counts
   * itself and what follows: 1, but 0 for the message a connection starts with.
   */
  frame(typeBytes: 0 | 1): Buffer | null;
  /** Everything that is left. */
  rest(): Buffer;
};

const lengthBytes = 4;

export function createFrameReader(): FrameReader {
  let chunks: Buffer[] = [];
  let size = 0;
  // Known as soon as the head of a message is, so that a large one is put together once and not with every
  // chunk.
  let wanted: number | null = null;

  function joined(): Buffer {
    const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    chunks = [all];
    return all;
  }

  function take(count: number): Buffer | null {
    if (size < count) return null;
    const all = joined();
    chunks = [all.subarray(count)];
    size -= count;
    wanted = null;
    return all.subarray(0, count);
  }

  return {
    push(bytes) {
      chunks.push(bytes);
      size += bytes.length;
    },
    take,
    frame(typeBytes) {
      if (size < typeBytes + lengthBytes) return null;
      wanted ??= typeBytes + Math.max(joined().readInt32BE(typeBytes), lengthBytes);
      return take(wanted);
    },
    rest: () => take(size) ?? Buffer.alloc(0),
  };
}
