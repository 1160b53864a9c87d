import { type Logger, pino } from 'pino';

export type Log = Logger;

/** Lines are written together: when there are this many bytes of them, and at the latest after this long. */
const logBytesMin = 4096;
const logDelayMs = 100;

/**
 * JSON lines on standard error: ids, sizes, hashes and timings, never prompts, results, headers, keys or
 * secrets. Only fields that are named where they are logged appear; the paths below are a second wall.
 */
export function createLog(level: string, role: string): Log {
  return pino(
    {
      level,
      base: { role, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: toLoggedError, err: toLoggedError },
      redact: {
        paths: [
          'headers',
          '*.headers',
          'authorization',
          '*.authorization',
          'api_key',
          '*.api_key',
          'apiKey',
          '*.apiKey',
          'secret',
          '*.secret',
        ],
        censor: '[redacted]',
      },
    },
    writeTogether(pino.destination({ dest: 2, sync: false, minLength: logBytesMin })),
  );
}

/** Flushes after a line, and not all the time: a process with nothing to log is not woken for it. */
function writeTogether(lines: ReturnType<typeof pino.destination>): { write(line: string): void } {
  let isWaiting = false;
  const flush = () => {
    isWaiting = false;
    lines.flush();
  };
  return {
    write: (line) => {
      lines.write(line);
      if (isWaiting) return;
      isWaiting = true;
      setTimeout(flush, logDelayMs).unref();
    },
  };
}

const keyShape =
  /\b(?:sk-[\w-]{6,}|gw_[A-Za-z0-9]+_[\w-]{6,}|whsec_[\w+/=-]{6,}|AIza[\w-]{10,}|Bearer\s+\S+)/;
const passwordInUrl = /(?<=:\/\/[^:/\s]*:)[^@\s]+(?=@)/;
const secretShapes = new RegExp(`${keyShape.source}|${passwordInUrl.source}`, 'g');

/**
 * Removes what looks like a credential from text that somebody else wrote (a provider's message, a URL in an
 * error).
 */
export function scrub(text: string): string {
  return text.replace(secretShapes, '[redacted]');
}

/** An error as it may be logged: its kind, its code, its message without credentials, where it came from. */
function toLoggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return scrub(String(error));
  return {
    type: error.name,
    code: (error as { code?: unknown }).code,
    message: scrub(error.message),
    stack: scrub(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: toLoggedError(error.cause) }),
  };
}
