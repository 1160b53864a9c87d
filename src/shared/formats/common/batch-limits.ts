/** A batch has at most so many lines, and each of them at most so many bytes. */
export const batchLinesMax = 50_000;
export const batchLineBytesMax = 20 * 1024 * 1024;
