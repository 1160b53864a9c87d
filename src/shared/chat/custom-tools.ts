import { readJson } from '../platform/json/read-json.ts';
import type { Tool } from './chat.ts';

/** The one parameter of a function that stands for a custom tool. */
const parameter = 'input';

/** The schema of the parameters of a function that stands for a custom tool. */
export const customParameters: Record<string, unknown> = {
  type: 'object',
  properties: { [parameter]: { type: 'string' } },
  required: [parameter],
  additionalProperties: false,
};

/** The arguments of a call of such a function, for the free text of a custom call. */
export function customArguments(input: string): string {
  return JSON.stringify({ [parameter]: input });
}

/**
 * The free text in the arguments of a function that stands for a custom tool; the arguments themselves where
 * a model wrote something else.
 */
export function customInput(text: string): string {
  try {
    const value = readJson(text) as { [parameter]?: unknown } | null;
    const input = value?.[parameter];
    return typeof input === 'string' ? input : text;
  } catch {
    return text;
  }
}

/**
 * What a provider with functions only is to know of a tool: its description, and the grammar that the text of
 * a custom tool has to follow.
 */
export function describeTool({ custom, function: { description } }: Tool): string | undefined {
  const grammar = grammarOf(custom?.format);
  if (grammar === null) return description;
  const rule = `The text of "${parameter}" follows this ${grammar.syntax} grammar:\n${grammar.definition}`;
  return description === undefined ? rule : `${description}\n\n${rule}`;
}

/** SDK 7.59: chat completions nest the grammar in an object of its own, the Responses API does not. */
function grammarOf(format: unknown): { syntax: string; definition: string } | null {
  const given = format as { grammar?: unknown; syntax?: unknown; definition?: unknown } | null | undefined;
  const { syntax, definition } = (given?.grammar ?? given ?? {}) as Record<string, unknown>;
  return typeof syntax === 'string' && typeof definition === 'string' ? { syntax, definition } : null;
}
