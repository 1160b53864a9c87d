import { createHash } from 'node:crypto';

/** What every provider takes for the name of a function. */
const nameLengthMax = 64;
const hashLength = 8;

/**
 * The namespace that a function is in when none is named. Codex looks calls without a namespace up in it, so
 * its functions keep their names.
 */
const defaultNamespace = 'functions';

/**
 * The name of a function of a namespace where there are no namespaces: both parts, joined as Codex itself
 * names the tools of MCP servers. One too long for a provider is cut and ends in a hash of the whole.
 */
export function toCalledName(namespace: string | null | undefined, name: string): string {
  if (!namespace || namespace === defaultNamespace) return name;
  const joined = `${namespace.replace(/_+$/, '')}__${name}`.replace(/[^A-Za-z0-9_-]/g, '_');
  if (joined.length <= nameLengthMax) return joined;
  const hash = createHash('sha256').update(joined).digest('hex').slice(0, hashLength);
  return `${joined.slice(0, nameLengthMax - hashLength - 1)}_${hash}`;
}

type Namespaced = { type: string; name?: unknown; tools?: unknown };

/** The tool by which a client lets a model search for others, and the function that stands for it. */
export const toolSearch = 'tool_search';

/**
 * How a client calls the function behind a name: it wants a call of its namespace back in two fields, and one
 * of its search as an item of another type.
 */
export type ClientName = { name: string; namespace?: string; isSearch?: true };

/**
 * The names of tools as its client knows them, by the names that models call them by.
 * Codex finds a call by both fields and refuses a joined name (openai/codex 23186).
 */
export function clientNames(tools: readonly Namespaced[]): Map<string, ClientName> {
  const names = new Map<string, ClientName>();
  for (const { type, name: namespace, tools: members } of tools) {
    if (type === toolSearch) names.set(toolSearch, { name: toolSearch, isSearch: true });
    if (type !== 'namespace' || typeof namespace !== 'string' || !Array.isArray(members)) continue;
    for (const { name } of members as { name: string }[]) {
      names.set(toCalledName(namespace, name), { name, namespace });
    }
  }
  return names;
}
