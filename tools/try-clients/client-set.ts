import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who installs the packages of a set: npm, pip in a virtual environment, Go modules or Maven. */
export type Registry = 'npm' | 'pip' | 'go' | 'maven';

const registries: Registry[] = ['npm', 'pip', 'go', 'maven'];

/** `set.json` of a folder of `sets/`: clients that one script tries. */
export type ClientSet = {
  name: string;
  /** Where its `set.json` and its script are. */
  folder: string;
  registry: Registry;
  /** Exact versions by package; the script runs once with each of these lists. */
  packages: Record<string, string>[];
  /** What is run in the folder with the packages: a program and its arguments. */
  command: string[];
  timeoutSeconds: number;
};

const timeoutSecondsDefault = 300;

/** The sets of a folder, or the one of a name; throws with a sentence for one that cannot be meant. */
export function readSets(folder: string, only: string | null): ClientSet[] {
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'set.json')));
  if (only !== null && !names.includes(only))
    throw new Error(`--only knows ${names.join(', ')}, not ${JSON.stringify(only)}`);
  return names
    .filter((name) => only === null || name === only)
    .sort()
    .map((name) => readSet(name, join(folder, name)));
}

function readSet(name: string, folder: string): ClientSet {
  const path = join(folder, 'set.json');
  const given = JSON.parse(readFileSync(path, 'utf8')) as Partial<ClientSet>;
  const { registry, packages = [], command = [], timeoutSeconds = timeoutSecondsDefault } = given;
  const loose = packages.flatMap(Object.entries).find(([, version]) => !/^(npm:.+@)?v?\d/.test(version));
  if (loose !== undefined) throw new Error(`${path}: ${loose[0]} has no exact version`);
  if (registry === undefined || !registries.includes(registry))
    throw new Error(`${path}: registry must be one of ${registries.join(', ')}`);
  if (packages.length === 0 || command.length === 0)
    throw new Error(`${path}: packages and command are needed`);
  return { name, folder, registry, packages, command, timeoutSeconds };
}
