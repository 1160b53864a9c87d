import { readJson } from '../platform/json/read-json.ts';

/** The one parameter of a function that stands for a custom tool. */
const parameter = 'input';

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
