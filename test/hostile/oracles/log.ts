import type { Violation } from './violation.ts';

/** pino's number for an error; what is above it ends a process. */
const errorLevel = 50;

/** Keys and secrets as the gateway makes them; those that requests make up are shorter. */
const keyShape = /gw_[A-Za-z0-9]+_[\w-]{30,}|whsec_[\w+/=-]{20,}/;

type Line = { level?: number; msg?: string; [field: string]: unknown };

/**
 * Reads everything a process logged, also at `debug`: every line is JSON, none tells of a bug, none holds the
 * stack of what a request did, and none holds any of what must stay secret (prompts, keys, secrets), whole or
 * as part of a longer text.
 */
export function checkLog(log: string, secrets: Iterable<string>): Violation[] {
  const hidden = [...secrets].filter((secret) => secret.length >= 8);
  return log
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((text) => checkLine(text, hidden));
}

function checkLine(text: string, hidden: string[]): Violation[] {
  const note = (on: string) => [{ oracle: 'log', on, detail: text.slice(0, 400) }];
  const line = readLine(text);
  if (line === null) return note('a line that is not JSON');
  const leaked = keyShape.exec(text)?.[0] ?? hidden.find((secret) => text.includes(secret));
  return [
    ...(leaked === undefined ? [] : note(`a secret (${leaked.slice(0, 6)}…)`)),
    ...((line.level ?? 0) >= errorLevel && !isOutage(line) ? note(`an error: ${line.msg}`) : []),
    ...(hasStack(line, text) ? note(`a stack: ${line.msg}`) : []),
  ];
}

/**
 * Redis did not answer in time, on a machine with too much to do; that is told, repaired, and nobody's
 * request.
 */
function isOutage({ error }: Line): boolean {
  const message = String((error as { message?: unknown } | undefined)?.message);
  return /^(?:Command timed out|Socket timeout\.)/.test(message);
}

/** Codes of a database whose rows others hold for the moment; the client was asked to try again, and did. */
const waitedInVain = new Set(['55P03', '40P01', '57014']);

/**
 * What a request makes us log is foreseen, and needs no stack; what the surroundings do (a silent Redis) may
 * have one.
 */
function hasStack({ request_id: requestId, error }: Line, text: string): boolean {
  if (requestId === undefined || !/"stack":"[^"]/.test(text)) return false;
  return !waitedInVain.has(String((error as { code?: unknown } | undefined)?.code));
}

function readLine(text: string): Line | null {
  try {
    const line = JSON.parse(text) as unknown;
    return typeof line === 'object' && line !== null ? (line as Line) : null;
  } catch {
    return null;
  }
}
