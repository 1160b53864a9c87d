import { parseArgs } from 'node:util';

export const figureNames = [
  'intake',
  'end-to-end',
  'latency',
  'sync',
  'backlog',
  'start-delay',
  'streams',
  'webhooks',
  'batches',
  'rest',
] as const;
export type FigureName = (typeof figureNames)[number];

/** How much is measured; every length of time in ms. */
export type BenchSize = {
  rounds: number;
  intake: { heatMs: number; warmMs: number; measureMs: number; accounts: number; allBaselines: boolean };
  endToEnd: { jobs: number };
  latency: { samples: number };
  sync: { calls: number; samples: number };
  backlog: { sizes: number[]; jobs: number; rounds: number };
  startDelay: { waiting: number; samples: number; rounds: number };
  streams: {
    levels: number[];
    deltasPerSecond: number;
    warmSeconds: number;
    seconds: number;
    rounds: number;
  };
  webhooks: { deliveries: number; rounds: number };
  batches: { lines: number; rounds: number };
  rest: { settleMs: number; measureMs: number };
};

export type SizeName = 'full' | 'short' | 'smoke';

export type BenchOptions = {
  size: BenchSize;
  sizeName: SizeName;
  only: FigureName[];
  jsonFile: string | null;
};

const full: BenchSize = {
  rounds: 3,
  intake: { heatMs: 4000, warmMs: 500, measureMs: 3000, accounts: 1000, allBaselines: true },
  endToEnd: { jobs: 2000 },
  latency: { samples: 150 },
  sync: { calls: 2000, samples: 150 },
  backlog: { sizes: [1000, 100_000, 1_000_000], jobs: 1000, rounds: 3 },
  startDelay: { waiting: 20_000, samples: 15, rounds: 2 },
  streams: { levels: [500, 2000], deltasPerSecond: 10, warmSeconds: 2, seconds: 5, rounds: 2 },
  webhooks: { deliveries: 4000, rounds: 3 },
  batches: { lines: 50_000, rounds: 1 },
  rest: { settleMs: 45_000, measureMs: 20_000 },
};

const short: BenchSize = {
  rounds: 2,
  intake: { heatMs: 700, warmMs: 100, measureMs: 400, accounts: 100, allBaselines: false },
  endToEnd: { jobs: 200 },
  latency: { samples: 20 },
  sync: { calls: 500, samples: 20 },
  backlog: { sizes: [10_000], jobs: 200, rounds: 2 },
  startDelay: { waiting: 1000, samples: 4, rounds: 1 },
  streams: { levels: [500], deltasPerSecond: 10, warmSeconds: 1, seconds: 2, rounds: 1 },
  webhooks: { deliveries: 400, rounds: 2 },
  batches: { lines: 5000, rounds: 1 },
  rest: { settleMs: 15_000, measureMs: 10_000 },
};

/** Shows that everything runs, and ratios that are far off; nobody should quote a figure of it. */
const smoke: BenchSize = {
  ...short,
  intake: { heatMs: 400, warmMs: 50, measureMs: 300, accounts: 20, allBaselines: false },
  endToEnd: { jobs: 100 },
  latency: { samples: 5 },
  sync: { calls: 100, samples: 5 },
  backlog: { sizes: [1000], jobs: 50, rounds: 1 },
  startDelay: { waiting: 200, samples: 2, rounds: 1 },
  streams: { levels: [50], deltasPerSecond: 10, warmSeconds: 0, seconds: 1, rounds: 1 },
  webhooks: { deliveries: 100, rounds: 1 },
  batches: { lines: 1000, rounds: 1 },
  rest: { settleMs: 0, measureMs: 1000 },
};

const sizes: Record<SizeName, BenchSize> = { full, short, smoke };

/** Reads the command line; throws with a sentence when it cannot be meant. */
export function readOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
    },
  });
  const isKnown = (name: string): name is FigureName => figureNames.some((known) => known === name);
  for (const name of values.only) {
    if (!isKnown(name)) {
      throw new Error(`--only must be one of ${figureNames.join(', ')}, not ${JSON.stringify(name)}`);
    }
  }
  const sizeName = (['smoke', 'short'] as const).find((name) => values[name]) ?? 'full';
  return {
    size: sizes[sizeName],
    sizeName,
    only: values.only.filter(isKnown),
    jsonFile: values.json ?? null,
  };
}
