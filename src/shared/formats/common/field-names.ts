import { invalid, Refusal } from '../../errors.ts';
import type { Surface } from '../../jobs/rules/job.ts';

/** What the fields of our request are called on a surface, where it has another word. */
const names: Partial<Record<Surface, Record<string, string>>> = {
  responses: {
    messages: 'input',
    logprobs: 'include',
    max_completion_tokens: 'max_output_tokens',
    reasoning_effort: 'reasoning.effort',
    response_format: 'text.format',
    verbosity: 'text.verbosity',
  },
  messages: {
    max_completion_tokens: 'max_tokens',
    response_format: 'output_config.format',
    stop: 'stop_sequences',
    thinking_budget_tokens: 'thinking.budget_tokens',
    thinking_display: 'thinking.display',
  },
};

/**
 * The path of a problem as the client of a surface wrote it. `param` is the path in a job's body, `request.`
 * included.
 */
function fieldOf(surface: Surface, param: string, body: unknown): string {
  const path = flatten(surface, param.replace(/^request\./, ''));
  const [field = '', ...rest] = path.split('.');
  const name =
    surface === 'messages' && field === 'reasoning_effort' ? effortField(body) : names[surface]?.[field];
  // What stands in the client's own body has its path; this is of a turn that came before it.
  if (name === 'input') return name;
  return name === undefined ? path : [name, ...rest].join('.');
}

/**
 * The field of a Messages body that asks for reasoning, which an effort by itself does not: as
 * `thinking.type.enabled`, the way Anthropic's API writes a type that a model does not take.
 */
function effortField(body: unknown): string {
  const type = (body as { thinking?: { type?: string } | null }).thinking?.type;
  return type === undefined ? 'output_config.effort' : `thinking.type.${type}`;
}

/** Only chat completions hold what a tool is in an object of its own. */
function flatten(surface: Surface, path: string): string {
  return names[surface] === undefined ? path : path.replace(/^(tools\.\d+|tool_choice)\.function\./, '$1.');
}

/**
 * The same for a whole refusal of a body: its problems under the names its client wrote. Anything else stays
 * as it is.
 */
export function nameFields(surface: Surface, error: unknown, body: unknown = {}): unknown {
  if (!(error instanceof Refusal) || error.extras.problems === undefined) return error;
  return invalid(
    error.extras.problems.map((problem) => ({ ...problem, param: fieldOf(surface, problem.param, body) })),
    error.extras.problemsTotal,
  );
}
