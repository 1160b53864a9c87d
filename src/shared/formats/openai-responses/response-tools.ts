import { z } from 'zod';
import type { Tool, ToolChoice } from '../../chat/chat.ts';
import { customParameters } from '../../chat/custom-tools.ts';
import type { AllowedTools } from '../common/allowed-tools.ts';
import { withoutEmpty } from '../common/without-empty.ts';
import type { InputItem, SearchOutputItem } from './response-items.ts';
import { toCalledName, toolSearch } from './response-namespaces.ts';

/** OpenAI's own limit (SDK 7.59); a provider with a shorter one refuses the name at intake. */
const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, {
  error: 'must be 1 to 128 letters, digits, underscores or dashes',
});

const described = { name: toolName, description: z.string().nullish() };

const functionTool = z.looseObject({
  type: z.literal('function'),
  ...described,
  parameters: z.looseObject({}).nullish(),
  strict: z.boolean().nullish(),
});

const customTool = z.looseObject({
  type: z.literal('custom'),
  ...described,
  format: z.looseObject({ type: z.string() }).nullish(),
});

const kinds = 'must be function, custom or namespace; tools that a provider runs itself are not supported';
const memberTool = z.discriminatedUnion('type', [functionTool, customTool], { error: kinds });

const namespaceTool = z.looseObject({
  type: z.literal('namespace'),
  ...described,
  tools: z.array(memberTool),
});

/** A search among tools that are not sent, for which the client itself looks (SDK 7.59 `ToolSearchTool`). */
const searchTool = z
  .looseObject({
    type: z.literal(toolSearch),
    execution: z.enum(['server', 'client']).nullish(),
    description: z.string().nullish(),
    parameters: z.looseObject({}).nullish(),
  })
  .check(({ value, issues }) => {
    if (value.execution !== 'client') issues.push(notPossible(value));
  });

/**
 * A search of the web without access to it, which Codex offers by itself. No answer can depend on it, so that
 * it is left out; one with access is what a client asks for.
 */
const offlineSearch = z
  .looseObject({ type: z.literal('web_search'), external_web_access: z.boolean().nullish() })
  .check(({ value, issues }) => {
    if (value.external_web_access !== false) issues.push(notPossible(value));
  });

function notPossible(input: { type: string }): z.core.$ZodRawIssue {
  return { code: 'custom', message: `${nameOfKind(input)}${kinds}`, path: ['type'], input };
}

/** One tool of a response (SDK 7.59 `Tool`). */
export const toolSchema = z.discriminatedUnion(
  'type',
  [functionTool, customTool, namespaceTool, searchTool, offlineSearch],
  { error: ({ input }) => `${nameOfKind(input)}${kinds}` },
);

export type GivenTool = z.output<typeof toolSchema>;
type FunctionTool = z.output<typeof functionTool>;
type CustomTool = z.output<typeof customTool>;
type NamespaceTool = z.output<typeof namespaceTool>;
type SearchTool = z.output<typeof searchTool>;

function nameOfKind(tool: unknown): string {
  const type = (tool as { type?: unknown } | null)?.type;
  return typeof type === 'string' ? `${type} is not possible here; ` : '';
}

/** The tools as ours, those of namespaces under their joined names. */
export function toTools(tools: readonly GivenTool[]): Tool[] {
  return tools.flatMap((tool) => {
    switch (tool.type) {
      case 'namespace': {
        const { name, tools: members } = tool as NamespaceTool;
        return members.map((member) => toTool(member as FunctionTool | CustomTool, name));
      }
      case 'web_search':
        return [];
      case toolSearch:
        return [toTool({ ...(tool as SearchTool), type: 'function', name: toolSearch }, null)];
      default:
        return [toTool(tool as FunctionTool | CustomTool, null)];
    }
  });
}

/** The tools that a model may call: those of the body, and those that its client found since. */
export function offeredTools(tools: readonly GivenTool[], items: readonly InputItem[]): GivenTool[] {
  const found = items.flatMap((item) =>
    item.type === 'tool_search_output' ? (item as SearchOutputItem).tools : [],
  );
  const readable = found.flatMap((tool) => toolSchema.safeParse(tool).data ?? []);
  const known = new Set<string>();
  return [...tools.filter(({ type }) => type !== 'web_search'), ...readable].filter(({ type, name }) => {
    const key = JSON.stringify([type, name]);
    const isNew = !known.has(key);
    known.add(key);
    return isNew;
  });
}

function toTool(tool: FunctionTool | CustomTool, namespace: string | null): Tool {
  const named = { name: toCalledName(namespace, tool.name), description: tool.description };
  if (tool.type === 'custom') {
    const { format } = tool as CustomTool;
    const called = withoutEmpty({ ...named, parameters: customParameters });
    return { type: 'function', custom: { format: format ?? null }, function: called };
  }
  const { parameters, strict } = tool as FunctionTool;
  return { type: 'function', function: withoutEmpty({ ...named, parameters, strict }) };
}

const named = z.looseObject({
  type: z.enum(['function', 'custom']),
  name: z.string().min(1),
  namespace: z.string().nullish(),
});

const allowed = z.looseObject({
  type: z.literal('allowed_tools'),
  mode: z.enum(['auto', 'required']),
  tools: z
    .array(z.discriminatedUnion('type', [named], { error: 'must name a function or a custom tool' }))
    .min(1),
});

/** Which tools may, or have to be called. */
export const toolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [named, allowed], {
    error: 'must be function, custom or allowed_tools; tools that a provider runs itself are not supported',
  }),
]);

/** The choice in our own words. */
export function toToolChoice(
  choice: z.output<typeof toolChoiceSchema> | null | undefined,
): ToolChoice | AllowedTools | null {
  if (choice === null || choice === undefined || choice === 'auto') return null;
  if (typeof choice === 'string') return choice;
  if (choice.type === 'allowed_tools') {
    const { mode, tools } = choice as z.output<typeof allowed>;
    return {
      type: 'allowed_tools',
      mode,
      names: tools.map(({ namespace, name }) => toCalledName(namespace, name)),
    };
  }
  const { namespace, name } = choice as z.output<typeof named>;
  return { type: 'function', function: { name: toCalledName(namespace, name) } };
}
