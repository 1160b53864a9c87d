import type { z } from 'zod';

/** One thing wrong with a body: the path of the field (`messages.0.content`) and what is wrong. */
export type FieldProblem = { param: string; message: string };

type Issue = z.core.$ZodIssue;

/** How near a union's branch came: deep inside it, or at least the right type. */
function closeness(issues: Issue[]): number {
  const depth = Math.max(...issues.map((issue) => issue.path.length));
  return depth > 0 || issues.every((issue) => issue.code === 'invalid_type') ? depth * 2 : 1;
}

/** Of a union that matched nothing, the branch that came nearest is the one the caller meant. */
function nearestBranch(branches: Issue[][]): Issue[] {
  return branches.reduce((best, branch) => (closeness(branch) > closeness(best) ? branch : best));
}

function problemsOf(issue: Issue, above: PropertyKey[]): FieldProblem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ param: [...path, key].join('.'), message: 'unknown field' }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return nearestBranch(issue.errors).flatMap((inner) => problemsOf(inner, path));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map(({ message }) => ({ param: path.map(String).join('.'), message }));
  }
  return [{ param: path.map(String).join('.'), message: issue.message }];
}

/** Everything wrong with a body, in order, each with the full path of its field. */
export function zodProblems(error: z.ZodError): FieldProblem[] {
  return error.issues.flatMap((issue) => problemsOf(issue, []));
}
