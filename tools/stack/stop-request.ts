/**
 * Calls `stop` once, with the reason, when this process is asked to end: by Ctrl-C, by SIGTERM, because its
 * terminal was closed, because the script that started it is gone, or because of an error nobody caught.
 * Without this the servers, which have process groups of their own, would stay behind.
 */
export function onStopRequest(stop: (why: { reason: string; code: number }) => void): void {
  let asked = false;
  const ask = (reason: string, code: number) => {
    if (asked) return;
    asked = true;
    stop({ reason, code });
  };
  process.on('SIGINT', () => ask('stopping …', 0));
  process.on('SIGTERM', () => ask('stopping …', 0));
  process.on('SIGHUP', () => ask('the terminal was closed; stopping …', 0));
  process.on('disconnect', () => ask('the command that started this is gone; stopping …', 1));
  process.on('uncaughtException', (error) => ask(error.stack ?? error.message, 1));
  process.on('unhandledRejection', (error) =>
    ask(error instanceof Error ? (error.stack ?? '') : String(error), 1),
  );
  // A reader that left (`npm start | head`) is no reason to fall over.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}
