import type { HostileRequest } from '../hostile-request.ts';
import { type Answer, type Exchange, headerOf } from '../http-exchange.ts';
import { innocentCanary } from '../stock.ts';
import type { Violation } from './violation.ts';

/** A refusal names what is wrong; it does not repeat a body of megabytes. */
const refusalBytesMax = 64 * 1024;

/**
 * What our own insides look like, in the words of the runtime, the database, the libraries and the file
 * system.
 */
const insides =
  /node_modules|node:internal|\bat (?:async )?[\w.<>]+ \(|\/(?:dist|src)\/[\w/-]+\.[jt]s|\.[jt]s:\d+|is not a function|is not iterable|Cannot read propert|undefined \(reading|Maximum call stack|JavaScript heap|violates [\w-]+ constraint|syntax error at or near|relation "\w+" does not|invalid input syntax for|out of range for type|SQLSTATE|PostgresError|\bpg_\w+|ECONNRE|ENOTFOUND|WRONGTYPE|NOSCRIPT|ioredis|BullMQ|ZodError|FST_ERR/;

/** What is wrong with what came of one request. */
export function checkExchange(request: HostileRequest, { answers, rest, sentAll }: Exchange): Violation[] {
  const found: Violation[] = [];
  const note = (detail: string) => found.push({ oracle: 'answers', on: nameOf(request), detail });
  if (!sentAll) return found;
  const isRaw = request.raw !== undefined;
  // Nobody asked for a tunnel is answered by nothing: the runtime closes.
  if (answers.length === 0 && !isRaw && request.method !== 'CONNECT') note('no answer');
  if (answers.length > 1 && !isRaw) note(`${answers.length} answers to one request`);
  if (rest.length > 0 && !isRaw) note(`bytes that are no answer: ${rest.subarray(0, 80).toString('latin1')}`);
  for (const answer of answers) for (const detail of faultsOf(request, answer)) note(detail);
  return found;
}

function nameOf({ kind, route, sender }: HostileRequest): string {
  return `${route} (${kind}, ${sender})`;
}

function faultsOf(request: HostileRequest, answer: Answer): string[] {
  const faults: string[] = [];
  const text = answer.body.toString('utf8');
  if (answer.status >= 500) faults.push(`status ${answer.status}: ${text.slice(0, 300)}`);
  if (headerOf(answer, 'set-cookie') !== null) faults.push('a cookie');
  if (answer.headers.some(([name]) => name.startsWith('x-injected'))) faults.push('an injected header');
  faults.push(...redirectFaults(request, answer));
  if (request.sender !== 'operator' && text.includes(innocentCanary)) faults.push("another tenant's text");
  if (answer.status >= 400) faults.push(...refusalFaults(request, answer, text));
  return faults;
}

function redirectFaults({ route }: HostileRequest, answer: Answer): string[] {
  const location = headerOf(answer, 'location');
  // The pages of the document send a reader on to their own folder.
  if (answer.status >= 300 && answer.status < 400 && !/ \/docs(\/|$)/.test(route))
    return [`a redirect to ${location}`];
  if (location === null || /^\/(?!\/)/.test(location) || location.startsWith('./')) return [];
  return [`a location elsewhere: ${location.slice(0, 100)}`];
}

function refusalFaults(request: HostileRequest, answer: Answer, text: string): string[] {
  const faults: string[] = [];
  if (answer.body.length > refusalBytesMax) faults.push(`a refusal of ${answer.body.length} bytes`);
  const inside = insides.exec(text.slice(0, refusalBytesMax));
  if (inside !== null)
    faults.push(`insides: ${text.slice(Math.max(0, inside.index - 60), inside.index + 120)}`);
  if (!isOurs(request)) return faults;
  if (headerOf(answer, 'x-request-id') === null) faults.push(`status ${answer.status} without x-request-id`);
  const reported = readJson(text);
  const type = (reported?.['error'] as { type?: unknown } | undefined)?.type;
  if (typeof type !== 'string')
    faults.push(`status ${answer.status} without an error type: ${text.slice(0, 100)}`);
  return faults;
}

/** The board, its own shape; a HEAD, no body. */
function isOurs({ method, route }: HostileRequest): boolean {
  return method !== 'HEAD' && !/ \/admin\/queues\//.test(route);
}

function readJson(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
