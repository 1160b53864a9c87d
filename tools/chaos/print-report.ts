import { ratioOf } from './checks/innocents.ts';
import { type ChaosReport, type CheckRecord, shortfallsOf } from './report.ts';

/** A violation is shown with the whole story of its job; more of them than this say no more. */
const violationsShown = 20;

type Print = (line: string) => void;

/** The report as a person reads it. */
export function printReport(report: ChaosReport, print: Print): void {
  printFaults(report, print);
  printSimulation(report, print);
  printStorm(report, print);
  printTimes(report, print);
  printPoison(report, print);
  printInnocents(report.records, print);
  printViolations(report.records, print);
  const shortfalls = shortfallsOf(report);
  for (const shortfall of shortfalls) print(`FAIL ${shortfall}`);
  print(`${shortfalls.length === 0 ? 'ok' : 'FAIL'}: seed ${report.options.seed}`);
}

function printFaults({ tally }: ChaosReport, print: Print): void {
  const disruptive = tally.rows().filter((row) => row.disruptive);
  print('\nfaults injected');
  for (const row of tally.rows())
    print(`${String(row.count).padStart(7)}  ${row.disruptive ? '*' : ' '} ${row.kind}`);
  print(`${String(tally.total()).padStart(7)}    in all, of ${tally.rows().length} kinds;`);
  print(`${String(tally.disruptive()).padStart(7)}  * of them disruptive, of ${disruptive.length} kinds`);
}

function printSimulation({ simulation }: ChaosReport, print: Print): void {
  if (simulation === null) return;
  const { seeds, jobs, faults, violations, ms } = simulation;
  const perMinute = Math.round((seeds / ms) * 60_000);
  print(
    `\nsimulation: ${seeds} seeds (${perMinute} a minute), ${jobs} jobs, ${faults} faults, ${violations.length} violations`,
  );
}

function printStorm({ storm }: ChaosReport, print: Print): void {
  if (storm === null) return;
  print(
    `\nkill test: ${storm.accepted} of ${storm.jobs} accepted, ${storm.succeeded} succeeded, ${storm.chargedOnce} charged once, ` +
      `${storm.held} nano-USD held, ${storm.providerCalls} provider calls; ${storm.workersKilled} workers killed, Redis emptied ${storm.flushes} times`,
  );
}

function printPoison({ poison }: ChaosReport, print: Print): void {
  if (poison === null) return;
  const { processesKilled, status, code, completed, otherBatch } = poison;
  print(
    `\npoisoned batch: ${processesKilled} processes killed, then ${status} with ${code ?? 'no code'}, ${completed} lines completed; another's is ${otherBatch}`,
  );
}

function printTimes({ recoveries, neighbours, silences }: ChaosReport, print: Print): void {
  const shown = (ms: number | null) => String(ms ?? '–').padStart(7);
  if (recoveries.length > 0) print('\nfirst job settled after the server was back');
  for (const { fault, firstSettledMs } of recoveries) print(`${shown(firstSettledMs)} ms  ${fault}`);
  if (silences.length > 0)
    print('\nfirst job done after packets were swallowed, on connections that stay open');
  for (const { what, seconds, isServed, firstDoneMs, calledAgain, answersLost } of silences) {
    const since = isServed
      ? 'from its beginning, new connections served'
      : `from its end, after ${seconds} s`;
    print(
      `${shown(firstDoneMs)} ms  ${what}, ${since}; ${calledAgain} called again, ${answersLost} answers lost`,
    );
  }
  if (neighbours.length > 0) print('\nanswered to a neighbour of a hostile tenant');
  for (const { act, what, tookMs, limitMs } of neighbours)
    print(`${shown(tookMs)} ms of ${limitMs}  ${what}, during ${act}`);
}

function printViolations(records: CheckRecord[], print: Print): void {
  const checks = records.reduce((sum, record) => sum + record.checks, 0);
  const violations = records.flatMap((record) =>
    record.violations.map((violation) => ({ ...violation, what: record.what })),
  );
  print(
    `\ninvariants checked: ${checks} (${records.length} times all of them); violations: ${violations.length}`,
  );
  for (const { what, invariant, jobId, detail, history } of violations.slice(0, violationsShown)) {
    print(`\nVIOLATION in ${what}: ${invariant}${jobId === null ? '' : `, ${jobId}`}`);
    print(`  ${detail}`);
    for (const line of history) print(`    ${line}`);
  }
}

function printInnocents(records: CheckRecord[], print: Print): void {
  const [first] = records;
  if (first === undefined) return;
  const all = records.map(({ innocent }) => innocent);
  const jobs = all.reduce((sum, one) => sum + one.jobs, 0);
  const undisturbed = all.reduce((sum, one) => sum + one.undisturbed, 0);
  const worst = all.reduce((most, one) => (ratioOf(one) > ratioOf(most) ? one : most));
  const { medianMs, p95Ms } = first.innocent.lone;
  print(
    `\ninnocent tenant: ${jobs} jobs, ${undisturbed} of them while nothing was unavailable for everybody; alone they start after ${medianMs} ms ` +
      `(p95 ${p95Ms}); the worst waited ${worst.countedMs} ms of ${worst.limitMs} allowed (${ratioOf(worst).toFixed(2)})`,
  );
}
