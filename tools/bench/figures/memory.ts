import type { Row } from '../row.ts';

/** Which process stands beside which baseline. */
const baselineOf: Record<string, { baseline: string; name: string }> = {
  api: { baseline: 'floor', name: 'the floor' },
  workers: { baseline: 'sdk-loop', name: 'the SDK loop' },
};
const shown = ['api', 'workers', 'Postgres', 'Redis', 'simulator'];

/** The most memory each process had at the end of a run, in MB; of Postgres with all its connections. */
export function memoryRows(memory: ReadonlyMap<string, number>): Row[] {
  return shown.flatMap((name) => {
    const value = memory.get(name);
    if (value === undefined) return [];
    const beside = baselineOf[name];
    const baseline = memory.get(beside?.baseline ?? '');
    return [
      {
        figure: 'memory',
        name,
        unit: 'MB',
        values: [value],
        baseline:
          beside === undefined || baseline === undefined ? null : { name: beside.name, values: [baseline] },
      },
    ];
  });
}
