/**
 * What was broken, by kind. A disruptive fault ends, stops or cuts off a process or a server; the others are
 * wrong answers.
 */
export type FaultTally = {
  add(kind: string, disruptive: boolean, count?: number): void;
  rows(): { kind: string; disruptive: boolean; count: number }[];
  total(): number;
  disruptive(): number;
};

export function createTally(): FaultTally {
  const counts = new Map<string, { disruptive: boolean; count: number }>();
  const sum = (only: (row: { disruptive: boolean }) => boolean) =>
    [...counts.values()].filter(only).reduce((total, { count }) => total + count, 0);
  return {
    add: (kind, disruptive, count = 1) => {
      if (count === 0) return;
      const row = counts.get(kind) ?? { disruptive, count: 0 };
      row.count += count;
      counts.set(kind, row);
    },
    rows: () =>
      [...counts].map(([kind, row]) => ({ kind, ...row })).sort((a, b) => a.kind.localeCompare(b.kind)),
    total: () => sum(() => true),
    disruptive: () => sum((row) => row.disruptive),
  };
}
