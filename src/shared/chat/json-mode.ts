import type { ChatRequest } from './chat.ts';

/**
 * The tool whose call stands for the answer where a provider has no JSON mode without a schema: its arguments
 * are the object that was asked for.
 */
export const jsonModeTool = 'json_answer';

/**
 * Whether a provider without JSON mode is made to call that tool. It cannot be where the client has tools of
 * its own, which a forced call would shut out, nor where the model is to think, which excludes a forced call:
 * there the model is asked in words.
 */
export function forcesJsonTool({ response_format, tools, reasoning_effort, ...rest }: ChatRequest): boolean {
  const thinks = rest.effort_alone !== true && reasoning_effort !== undefined && reasoning_effort !== 'none';
  return isJsonMode(response_format) && (tools ?? []).length === 0 && !thinks;
}

/** A JSON object is asked for, and no schema says of what kind. */
export function isJsonMode(format: ChatRequest['response_format']): boolean {
  if (format?.type === 'json_schema') return format.json_schema.schema === undefined;
  return format?.type === 'json_object';
}
