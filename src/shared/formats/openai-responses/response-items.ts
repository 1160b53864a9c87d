import { z } from 'zod';
import { assistantExtra, callExtra } from '../common/extra-content.ts';
import { contentPart, resultPart } from './response-parts.ts';

const status = z.enum(['in_progress', 'completed', 'incomplete']).nullish();
const known = { id: z.string().nullish(), status };

const messageItem = z.looseObject({
  type: z.literal('message').nullish(),
  ...known,
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([z.string(), z.array(contentPart)]),
});
const callItem = z.looseObject({
  type: z.literal('function_call'),
  ...known,
  call_id: z.string().min(1),
  name: z.string().min(1),
  namespace: z.string().nullish(),
  arguments: z.string(),
  extra_content: callExtra,
});
const customCallItem = z.looseObject({
  type: z.literal('custom_tool_call'),
  ...known,
  call_id: z.string().min(1),
  name: z.string().min(1),
  namespace: z.string().nullish(),
  input: z.string(),
});
const output = z.union([z.string(), z.array(resultPart)]);
const callOutputItem = z.looseObject({
  type: z.literal('function_call_output'),
  ...known,
  call_id: z.string().min(1),
  output,
});
const customOutputItem = z.looseObject({
  type: z.literal('custom_tool_call_output'),
  ...known,
  call_id: z.string().min(1),
  output,
});
/** SDK 7.59 `ResponseToolSearchCall`; one that OpenAI ran has no id to answer it by. */
const searchCallItem = z.looseObject({
  type: z.literal('tool_search_call'),
  ...known,
  call_id: z.string().min(1).nullish(),
  arguments: z.unknown(),
});
const searchOutputItem = z.looseObject({
  type: z.literal('tool_search_output'),
  ...known,
  call_id: z.string().min(1).nullish(),
  tools: z.array(z.looseObject({ type: z.string() })),
});
/**
 * What a provider wants back with the turn it belongs to: thinking, signatures. Only `extra_content` can be
 * given back by us; the rest of it is for OpenAI.
 */
const reasoningItem = z.looseObject({ type: z.literal('reasoning'), extra_content: assistantExtra });
/** An item of a response that is stored here, in place of itself. */
const referenceItem = z.looseObject({ type: z.literal('item_reference'), id: z.string().min(1) });

const unsupportedItem =
  'must be message, function_call, custom_tool_call, tool_search_call, the output of one, reasoning or item_reference; no other items are supported';

/** One item of `input` (SDK 7.59 `ResponseInputItem`); one without a type is a message. */
export const inputItemSchema = z.discriminatedUnion(
  'type',
  [
    messageItem,
    callItem,
    customCallItem,
    searchCallItem,
    callOutputItem,
    customOutputItem,
    searchOutputItem,
    reasoningItem,
    referenceItem,
  ],
  { error: unsupportedItem },
);

export type InputItem = z.output<typeof inputItemSchema>;
export type MessageItem = z.output<typeof messageItem>;
export type CallItem = z.output<typeof callItem>;
export type CustomCallItem = z.output<typeof customCallItem>;
export type SearchCallItem = z.output<typeof searchCallItem>;
export type SearchOutputItem = z.output<typeof searchOutputItem>;
export type CallOutputItem = z.output<typeof callOutputItem>;
export type ReferenceItem = z.output<typeof referenceItem>;
