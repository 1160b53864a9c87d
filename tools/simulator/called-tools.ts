import { type Prompt, readCalls, readMarker } from './prompt.ts';
import { sampleJson } from './sample-json.ts';

type Tool = Prompt['tools'][number];

/** `args` of a custom tool are its free text. */
export type CalledTool = { name: string; args: string; isCustom: boolean };

/**
 * The calls that answer a prompt: of the tool that is forced, or of those that its text asks for where the
 * model may choose. Arguments that the text does not give are made up from the tool's schema.
 */
export function calledTools(prompt: Prompt): CalledTool[] {
  const marked = readCalls(prompt.lastUser);
  const called = toolsToCall(
    prompt,
    marked.map(({ name }) => name),
  ).map((tool, at) => {
    const given = (marked[at]?.name === tool.name ? marked[at] : undefined)?.args;
    return {
      name: tool.name,
      args: given ?? madeUp(tool, prompt.lastUser),
      isCustom: tool.isCustom === true,
    };
  });
  const times = readMarker(prompt.lastUser, 'calls') ?? 1;
  return Array.from({ length: times }, () => called).flat();
}

function toolsToCall({ tools, forcedTool, mayCall, lastUser }: Prompt, marked: string[]): Tool[] {
  if (forcedTool !== null) return [tools.find(({ name }) => name === forcedTool) ?? tools[0] ?? []].flat();
  if (!mayCall) return [];
  if (marked.length > 0) return marked.flatMap((name) => tools.filter((tool) => tool.name === name));
  return tools.filter(({ name }) => isNamed(name, lastUser)).slice(0, 1);
}

/** What an agent adds to its user's text, such as Claude Code's `<system-reminder>`, names every tool. */
const addedByAgents = /<(system[\w-]*)>[\s\S]*?<\/\1>/g;

/** Whether a text has the name as a word of its own; a single letter is one only in "the f tool". */
function isNamed(name: string, given: string): boolean {
  const text = given.replaceAll(addedByAgents, '');
  if (text.includes(`the ${name} tool`)) return true;
  return name.length > 1 && text.split(/[^\w.-]+/).some((word) => word.replace(/[.-]+$/, '') === name);
}

function madeUp({ schema, isCustom = false }: Tool, text: string): string {
  return isCustom ? text : JSON.stringify(sampleJson(schema ?? {}, text));
}
