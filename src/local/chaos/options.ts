import { parseArgs } from 'node:util';

export type ChaosOptions = {
  seed: number;
  rounds: number;
  recoveryRounds: number;
  /** The kill test and the outages are played before the rounds. */
  withScenes: boolean;
  /** How long the simulation explores seeds, in ms. */
  simulateMs: number;
  jsonFile: string | null;
};

const full = { rounds: 18, recoveryRounds: 1, simulateMs: 40_000 };
const short = { rounds: 2, recoveryRounds: 0, simulateMs: 5000 };

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
    },
  });
  const size = values.short ? short : full;
  return {
    ...size,
    seed:
      values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : wholeNumber('--seed', values.seed),
    rounds: values.rounds === undefined ? size.rounds : wholeNumber('--rounds', values.rounds),
    withScenes: !values['rounds-only'],
    jsonFile: values.json ?? null,
  };
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}`);
}
