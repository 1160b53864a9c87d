import { z } from 'zod';
import type { Tool, ToolChoice } from '../../chat/chat.ts';
import { customParameters } from '../../chat/custom-tools.ts';
import type { AllowedTools } from '../common/allowed-tools.ts';
import { liftMark, partExtra } from '../common/extra-content.ts';
import { functionName } from '../common/function-name.ts';
import { withoutEmpty } from '../common/without-empty.ts';

const carried = { cache_control: z.unknown().optional(), extra_content: partExtra };

const functionTool = z
  .object({
    type: z.literal('function'),
    function: z
      .object({
        name: functionName,
        description: z.string().nullish(),
        parameters: z.looseObject({}).nullish(),
        strict: z.boolean().nullish(),
        cache_control: z.unknown().optional(),
      })
      .transform(({ cache_control, ...given }) => ({ mark: cache_control, given: withoutEmpty(given) })),
    ...carried,
  })
  .transform(({ function: { mark, given }, ...tool }): Tool => {
    const marked = liftMark({ ...tool, cache_control: tool.cache_control ?? mark });
    return withoutEmpty({ ...marked, function: given }) as Tool;
  });

/** A grammar (SDK 7.59 `CustomToolInputFormat`) is kept as it came. */
const customTool = z
  .object({
    type: z.literal('custom'),
    custom: z.object({
      name: functionName,
      description: z.string().nullish(),
      format: z.looseObject({ type: z.string() }).nullish(),
    }),
    ...carried,
  })
  .transform(({ custom: { name, description, format }, ...tool }): Tool => {
    const { extra_content } = liftMark(tool);
    const called = { ...withoutEmpty({ name, description }), parameters: customParameters };
    return withoutEmpty({
      type: 'function' as const,
      custom: { format: format ?? null },
      function: called,
      extra_content,
    }) as Tool;
  });

/** One tool of a chat request. */
export const toolSchema = z.discriminatedUnion('type', [functionTool, customTool], {
  error: 'must be "function" or "custom"; tools that a provider runs itself are not supported',
});

const named = z.object({ name: z.string().min(1) });

const functionChoice = z
  .object({ type: z.literal('function'), function: named })
  .transform((choice): ToolChoice => choice);

const customChoice = z
  .object({ type: z.literal('custom'), custom: named })
  .transform(({ custom }): ToolChoice => ({ type: 'function', function: custom }));

const allowedChoice = z
  .object({
    type: z.literal('allowed_tools'),
    allowed_tools: z.object({
      mode: z.enum(['auto', 'required']),
      tools: z
        .array(
          z.discriminatedUnion('type', [functionChoice, customChoice], {
            error: 'must name a function or a custom tool',
          }),
        )
        .min(1),
    }),
  })
  .transform(({ allowed_tools: { mode, tools } }): AllowedTools => {
    const names = tools.map((choice) => (typeof choice === 'object' ? choice.function.name : ''));
    return { type: 'allowed_tools', mode, names };
  });

/** Which tools may, or have to be called. */
export const toolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [functionChoice, customChoice, allowedChoice], {
    error: 'must be "function", "custom" or "allowed_tools"',
  }),
]);
