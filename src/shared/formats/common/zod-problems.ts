import type { z } from 'zod';
import type { Problem } from '../../errors.ts';

type Issue = z.core.$ZodIssue;

/**
 * Every problem zod found, with the path of the field as the caller wrote it (`request.messages.0.content`).
 * Of a union only the branch that came closest is reported.
 */
export function problemsOf(error: z.core.$ZodError): Problem[] {
  return error.issues.flatMap((issue) => toProblems(issue, []));
}

function toProblems(issue: Issue, above: PropertyKey[]): Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      param: toParam([...path, key]),
      message: 'is not a known field; remove it or correct its name',
      kind: 'unknown' as const,
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0 && !hasOwnWords(issue)) {
    return closest(issue.errors).flatMap((inner) => toProblems(inner, path));
  }
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    return issue.issues.flatMap((inner) => toProblems(inner, path));
  }
  return [{ param: toParam(path), message: toSentence(issue, path), ...kindOf(issue), ...detailsOf(issue) }];
}

function kindOf({ code, message }: Issue): Pick<Problem, 'kind'> {
  if (code === 'invalid_type' && message.endsWith('received undefined')) return { kind: 'missing' };
  return /\bnot supported\b/.test(message) ? { kind: 'unsupported' } : {};
}

function detailsOf(issue: Issue): Pick<Problem, 'details'> {
  const details = issue.code === 'custom' ? issue.params?.['details'] : undefined;
  return typeof details === 'object' && details !== null
    ? { details: details as Problem['details'] & object }
    : {};
}

/** A union with a sentence of its own knows better than any of its branches what is to be sent. */
function hasOwnWords(issue: Issue): boolean {
  return issue.message !== 'Invalid input';
}

/** How near a union's branch came: deep inside it, or at least the right type. */
function closeness(branch: Issue[]): number {
  const depth = Math.max(...branch.map((issue) => issue.path.length));
  return depth > 0 || branch.every((issue) => issue.code === 'invalid_type') ? depth * 2 : 1;
}

/** The branch that came nearest, then the one with the fewest problems. */
function closest(branches: Issue[][]): Issue[] {
  const sorted = [...branches].sort((a, b) => closeness(b) - closeness(a) || a.length - b.length);
  return sorted[0] ?? [];
}

/** JSON has no functions: this is how a number stands that was kept as it was written (`Verbatim`). */
const receivedLongNumber =
  'received a number with more digits than can be kept; send at most 15 digits, or a text where one is taken';

function toSentence(issue: Issue, path: PropertyKey[]): string {
  if (issue.code !== 'invalid_type') return issue.message;
  if (path.length === 0 && /received (?:null|undefined)$/.test(issue.message)) {
    return 'the body must be a JSON object';
  }
  if (issue.message.endsWith('received undefined')) return 'is required';
  if (issue.message.endsWith('received function')) return `expected ${issue.expected}, ${receivedLongNumber}`;
  return issue.message.replace(/^Invalid input: /, '');
}

function toParam(path: PropertyKey[]): string {
  return path.map(String).join('.');
}
