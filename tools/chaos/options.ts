import { parseArgs } from 'node:util';
import type { SilencePlan } from './silences/run.ts';

export type ChaosOptions = {
  seed: number;
  rounds: number;
  recoveryRounds: number;
  /** The kill test and the outages are played before the rounds. */
  withScenes: boolean;
  /** A hostile tenant is let loose before the rounds. */
  neighbours: boolean;
  /**
   * How long connections are silenced, and of how many kinds until the network is well again; null for not at
   * all.
   */
  silences: SilencePlan | null;
  /** How long the simulation explores seeds, in ms. */
  simulateMs: number;
  jsonFile: string | null;
};

const full = {
  rounds: 18,
  recoveryRounds: 1,
  silences: { seconds: 60, served: 8, lasting: 5 },
  simulateMs: 40_000,
};
const short = {
  rounds: 2,
  recoveryRounds: 0,
  silences: { seconds: 8, served: 4, lasting: 2 },
  simulateMs: 5000,
};

/** Reads the command line; throws with a sentence when it cannot be meant. */
export function readOptions(args: string[]): ChaosOptions {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      rounds: { type: 'string' },
      short: { type: 'boolean', default: false },
      json: { type: 'string' },
      'rounds-only': { type: 'boolean', default: false },
      neighbours: { type: 'boolean', default: false },
      silences: { type: 'boolean', default: false },
    },
  });
  const size = values.short ? short : full;
  return {
    ...size,
    seed:
      values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : wholeNumber('--seed', values.seed),
    rounds: values.rounds === undefined ? size.rounds : wholeNumber('--rounds', values.rounds),
    withScenes: !values['rounds-only'],
    neighbours: !values['rounds-only'] || values.neighbours,
    silences: !values['rounds-only'] || values.silences ? size.silences : null,
    jsonFile: values.json ?? null,
  };
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}`);
}
