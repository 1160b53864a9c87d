import type { z } from 'zod';

/** One thing wrong with a body: the path of the field (`messages.0.content`) and what is wrong. */
export type FieldProblem = { param: string; message: string };

type Issue = z.core.$ZodIssue;

/** Of a union that matched nothing, the branch that came furthest is the one the caller meant. */
function closestBranch(branches: Issue[][]): Issue[] {
  const depth = (issues: Issue[]) => Math.max(...issues.map((issue) => issue.path.length));
  return branches.reduce((best, branch) => (depth(branch) > depth(best) ? branch : best));
}

function problemsOf(issue: Issue, above: PropertyKey[]): FieldProblem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ param: [...path, key].join('.'), message: 'unknown field' }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return closestBranch(issue.errors).flatMap((inner) => problemsOf(inner, path));
  }
  return [{ param: path.map(String).join('.'), message: issue.message }];
}

/** Everything wrong with a body, in order, each with the full path of its field. */
export function zodProblems(error: z.ZodError): FieldProblem[] {
  return error.issues.flatMap((issue) => problemsOf(issue, []));
}
