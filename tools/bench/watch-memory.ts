import type { Part } from './part.ts';

const pollMs = 50;

/**
 * Looks at the memory of processes until it is asked; then says what each had at most, in MB more than when
 * it began.
 */
export function watchMemory<Name extends string>(parts: Record<Name, Part>): () => Record<Name, number> {
  const names = Object.keys(parts) as Name[];
  const read = (name: Name) => parts[name].usage().rssMb;
  const before = new Map(names.map((name) => [name, read(name)]));
  const most = new Map(before);
  const look = () => {
    for (const name of names) most.set(name, Math.max(most.get(name) ?? 0, read(name)));
  };
  const timer = setInterval(look, pollMs);
  return () => {
    clearInterval(timer);
    look();
    const added = names.map((name) => [name, (most.get(name) ?? 0) - (before.get(name) ?? 0)]);
    return Object.fromEntries(added) as Record<Name, number>;
  };
}
