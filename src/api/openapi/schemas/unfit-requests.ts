import type { Json } from '../components.ts';

/*
 * What rules between the fields of a request refuse, as schemas of what is wrong. Left out here is what JSON
 * Schema has no words for: whether a tool call, a tool or an id of one place stands in another.
 */

const nullOrAbsent = { type: 'null' };
const noTools = { not: { type: 'array', minItems: 1 } };

/** A tool has to be called, and there is none. */
export const toollessChoice: Json = {
  type: 'object',
  required: ['tool_choice'],
  properties: { tool_choice: { not: { enum: ['none', 'auto', null] } }, tools: noTools },
};

/** The same in Anthropic's words. */
export const toollessAnthropicChoice: Json = {
  type: 'object',
  required: ['tool_choice'],
  properties: {
    tool_choice: { type: 'object', required: ['type'], properties: { type: { enum: ['any', 'tool'] } } },
    tools: noTools,
  },
};

export const topWithoutLogprobs: Json = {
  type: 'object',
  required: ['top_logprobs'],
  properties: { top_logprobs: { type: 'integer', minimum: 1 }, logprobs: { not: { const: true } } },
};

/** Two bounds of the output; both are read only when they are equal, which no schema can say. */
export const bothMaxTokens: Json = {
  type: 'object',
  required: ['max_tokens', 'max_completion_tokens'],
  properties: { max_tokens: { type: 'integer' }, max_completion_tokens: { type: 'integer' } },
};

/** A response in the background that is not to be stored. */
export const unstoredBackground: Json = {
  type: 'object',
  required: ['background', 'store'],
  properties: { background: { const: true }, store: { const: false } },
};

/** Reasoning that belongs to no turn, and nothing else: a provider gets no message of it, and refuses. */
export const reasoningOnly: Json = {
  type: 'object',
  required: ['input'],
  properties: {
    input: {
      type: 'array',
      items: { type: 'object', required: ['type'], properties: { type: { const: 'reasoning' } } },
    },
    instructions: nullOrAbsent,
    previous_response_id: nullOrAbsent,
  },
};

/** Turns that are all instructions, which Anthropic's models do not answer. */
export const instructionsOnly: Json = {
  type: 'object',
  required: ['messages'],
  properties: {
    messages: {
      type: 'array',
      items: { type: 'object', required: ['role'], properties: { role: { const: 'system' } } },
    },
  },
};
