/** Calls `wake` once for all calls within `delayMs`, at its end. */
export function coalesceWakes(wake: () => void, delayMs: number): { wake(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    wake: () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        wake();
      }, delayMs);
    },
    stop: () => clearTimeout(timer),
  };
}
