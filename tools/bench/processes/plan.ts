import { readFileSync } from 'node:fs';

/** The plan this process was started with. */
export function readPlan<Plan>(): Plan {
  return JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Plan;
}

/** Writes the one line that whoever started this process reads, with the memory it took, and ends it. */
export function writeResult(result: object): void {
  const rssMb = process.memoryUsage().rss / 1024 / 1024;
  process.stdout.write(`result ${JSON.stringify({ ...result, rssMb })}\n`, () => process.exit(0));
}
