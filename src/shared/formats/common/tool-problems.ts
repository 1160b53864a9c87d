/**
 * The tools a request has, and what it says of their use: one of them has to be called, or the one with this
 * name.
 */
export type ToolUse = { names: string[]; mustCall: boolean; named: { name: string; path: string[] } | null };

/** What of it does not fit together, by field. */
export function toolProblems({ names, mustCall, named }: ToolUse): { message: string; path: string[] }[] {
  return [
    ...(new Set(names).size < names.length
      ? [{ message: 'two tools have the same name', path: ['tools'] }]
      : []),
    ...(mustCall && names.length === 0
      ? [{ message: 'asks for a tool to be called, and there are no tools', path: ['tool_choice'] }]
      : []),
    ...(named !== null && !names.includes(named.name)
      ? [{ message: `there is no tool ${named.name}`, path: named.path }]
      : []),
  ];
}
