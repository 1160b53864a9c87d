import { z } from 'zod';
import type { ToolCall } from '../../chat/chat.ts';
import { customArguments } from '../../chat/custom-tools.ts';
import { writeJson } from '../../platform/json/verbatim.ts';
import {
  assistantExtra,
  callExtra,
  keptDetails,
  liftMark,
  messageExtra,
  resultExtra,
} from '../common/extra-content.ts';
import { withoutEmpty } from '../common/without-empty.ts';
import { answerContent, richContent, textContent } from './chat-parts.ts';

/*
 * A conversation carries what other servers and clients have left in it: fields that nobody here knows are
 * dropped, so that one which was answered once is never refused for them.
 */

/** Some clients send the arguments as the object they are. */
const callArguments = z
  .union([z.string(), z.looseObject({})])
  .nullish()
  .transform((given) => (typeof given === 'object' && given !== null ? writeJson(given) : (given ?? '')));

const functionCall = z
  .object({
    id: z.string().min(1),
    type: z.literal('function').nullish(),
    function: z.object({ name: z.string().min(1), arguments: callArguments }),
    extra_content: callExtra,
  })
  .transform(
    ({ id, function: called, extra_content }): ToolCall =>
      withoutEmpty({ id, type: 'function' as const, function: called, extra_content }),
  );

const customCall = z
  .object({
    id: z.string().min(1),
    type: z.literal('custom'),
    custom: z.object({ name: z.string().min(1), input: z.string() }),
    extra_content: callExtra,
  })
  .transform(({ id, custom, extra_content }): ToolCall => {
    const called = { name: custom.name, arguments: customArguments(custom.input) };
    return withoutEmpty({
      id,
      type: 'function' as const,
      function: called,
      custom: true as const,
      extra_content,
    });
  });

/**
 * The call of a function from before there were tools: it has no id, so that its name has to find its result.
 */
const oldCall = z
  .object({ name: z.string().min(1), arguments: callArguments })
  .transform((called): ToolCall => ({ id: idOfOld(called.name), type: 'function', function: called }));

const idOfOld = (name: string) => `call_${name}`;

const toolCall = z.discriminatedUnion('type', [functionCall, customCall], {
  error: 'must be "function" or "custom"',
});

const marked = { cache_control: z.unknown().optional() };
const instruction = {
  content: textContent,
  name: z.string().nullish(),
  extra_content: messageExtra,
  ...marked,
};

const system = z
  .object({ role: z.literal('system'), ...instruction })
  .transform((message) => withoutEmpty(liftMark(message)));

const developer = z
  .object({ role: z.literal('developer'), ...instruction })
  .transform((message) => withoutEmpty(liftMark(message)));

const user = z
  .object({
    role: z.literal('user'),
    content: richContent,
    name: z.string().nullish(),
    extra_content: messageExtra,
    ...marked,
  })
  .transform((message) => withoutEmpty(liftMark(message)));

/**
 * Also what an SDK's own answer looks like when it is pushed back as history. What it thought is given back
 * to servers that want it, under the names that DeepSeek, vLLM and OpenRouter have for it.
 */
const assistant = z
  .object({
    role: z.literal('assistant'),
    content: answerContent,
    refusal: z.string().nullish(),
    name: z.string().nullish(),
    reasoning_content: z.string().nullish(),
    reasoning: z.unknown().optional(),
    reasoning_details: z.unknown().optional(),
    tool_calls: z.array(toolCall).nullish(),
    function_call: oldCall.nullish(),
    audio: z.null({ error: 'audio is not supported' }).optional(),
    extra_content: assistantExtra,
    ...marked,
  })
  .transform(
    ({ content: answered, reasoning, reasoning_details, tool_calls, function_call, audio: _, ...given }) => {
      const { state: ofParts = {}, ...content } = answered;
      const state = {
        ...ofParts,
        ...keptDetails({ reasoning, reasoning_details }),
        ...withoutEmpty(given.extra_content ?? {}),
      };
      const extra_content = Object.keys(state).length > 0 ? state : undefined;
      const old = function_call ? [function_call] : undefined;
      const calls = tool_calls?.length ? tool_calls : old;
      const message = withoutEmpty({
        ...liftMark({ ...given, extra_content }),
        tool_calls: calls,
        ...content,
      });
      const isSilent = ['content', 'refusal', 'tool_calls'].every((field) => !(field in message));
      return isSilent ? { ...message, content: '' } : message;
    },
  );

/**
 * `name` is no field of OpenAI's tool message, but common clients send it; it says nothing the id does not.
 */
const tool = z
  .object({
    role: z.literal('tool'),
    tool_call_id: z.string().min(1),
    content: richContent,
    extra_content: resultExtra,
    ...marked,
  })
  .transform((message) => withoutEmpty(liftMark(message)));

/** The result of a function from before there were tools. */
const oldResult = z
  .object({ role: z.literal('function'), name: z.string().min(1), content: richContent })
  .transform(({ name, content }) => ({ role: 'tool' as const, tool_call_id: idOfOld(name), content }));

/** One message of a chat request, any role. */
export const messageSchema = z.discriminatedUnion(
  'role',
  [system, developer, user, assistant, tool, oldResult],
  {
    error: 'role must be system, developer, user, assistant or tool',
  },
);
