import type { ChatRequest } from './chat.ts';

/**
 * The tool whose call stands for the answer where a provider has no JSON mode without a schema: its arguments
 * are the object that was asked for.
 */
export const jsonModeTool = 'json_answer';

/** A JSON object is asked for, and no schema says of what kind. */
export function isJsonMode(format: ChatRequest['response_format']): boolean {
  if (format?.type === 'json_schema') return format.json_schema.schema === undefined;
  return format?.type === 'json_object';
}
