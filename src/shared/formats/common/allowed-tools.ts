import type { Tool, ToolChoice } from '../../chat/chat.ts';

/** OpenAI's choice among some of the tools: the others stay in the list for its prompt cache alone. */
export type AllowedTools = { type: 'allowed_tools'; mode: 'auto' | 'required'; names: string[] };

/**
 * The tools that may be called and how, as every provider knows it: where only some are allowed, only those
 * are sent.
 */
export function chooseTools(tools: Tool[], choice: ToolChoice | AllowedTools | null | undefined) {
  if (typeof choice !== 'object' || choice === null || choice.type !== 'allowed_tools') {
    return { tools, choice };
  }
  const allowed = tools.filter((tool) => choice.names.includes(tool.function.name));
  return { tools: allowed, choice: choice.mode };
}

/** The names that a choice of tools speaks of. */
export function namesInChoice(choice: ToolChoice | AllowedTools | null | undefined): string[] {
  if (typeof choice !== 'object' || choice === null) return [];
  return choice.type === 'allowed_tools' ? choice.names : [choice.function.name];
}
