/**
 * The tools a request has, and what it says of their use: one of them has to be called, or those with these
 * names, which stand at this path.
 */
export type ToolUse = { names: string[]; mustCall: boolean; named: string[]; path: string[] };

/** What of it does not fit together, by field. */
export function toolProblems({ names, mustCall, named, path }: ToolUse) {
  const missing = named.filter((name) => !names.includes(name));
  return [
    ...(new Set(names).size < names.length
      ? [{ message: 'two tools have the same name', path: ['tools'] }]
      : []),
    ...(mustCall && names.length === 0
      ? [{ message: 'asks for a tool to be called, and there are no tools', path: ['tool_choice'] }]
      : []),
    ...missing.map((name) => ({ message: `there is no tool ${name}`, path })),
  ];
}
