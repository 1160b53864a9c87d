import type { Client } from '../support/gateway.ts';
import { type Credentials, type HostileRequest, toBytes } from './hostile-request.ts';
import { type Answer, type Exchange, exchange } from './http-exchange.ts';
import { checkExchange } from './oracles/answers.ts';
import { checkLoad, type Load, readLoad, toLoad } from './oracles/load.ts';
import { reportedJobs } from './oracles/told-jobs.ts';
import type { Violation } from './oracles/violation.ts';

/** What was seen while the requests were sent. */
export type Seen = {
  violations: Violation[];
  /** Jobs the tenant's clients were told of. */
  reported: Set<string>;
  /** How many answers there were, by status. */
  statuses: Map<number, number>;
  loads: Load[];
  /** The last look at each process, by its name. */
  lastLoads: Map<string, Load>;
};

type Target = {
  url: URL /** Where each process tells how it is. */;
  watched: { name: string; origin: string }[];
  credentials: Credentials;
  tenant: Client;
};

/** Enough to be in each other's way, few enough that one that hurts is among few. */
const atOnce = 12;
/** A machine with more to do than it can may say once or twice that it is busy. */
const triesAgain = 3;
/** After so many requests the process is asked how it is. */
const requestsPerLook = 250;

/** Nothing yet, but for jobs that clients know of already. */
export function createSeen(reported: string[]): Seen {
  const reportedJobs = new Set(reported);
  return { violations: [], reported: reportedJobs, statuses: new Map(), loads: [], lastLoads: new Map() };
}

/** Sends all of them, some at once, each on a connection of its own, and checks each answer as it comes. */
export async function sendAll(target: Target, requests: HostileRequest[], seen: Seen): Promise<void> {
  // What a process did while it started is not the sweep's.
  for (const { name, origin } of target.watched) seen.lastLoads.set(name, await readLoad(origin));
  let next = 0;
  let looking: Promise<void> = Promise.resolve();
  const sendNext = async () => {
    while (next < requests.length) {
      const index = next;
      next += 1;
      await sendOne(target, requests[index] as HostileRequest, seen);
      if (index % requestsPerLook === requestsPerLook - 1) {
        const recent = requests.slice(index + 1 - requestsPerLook, index + 1);
        looking = looking.then(() => look(target, seen, recent));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sendNext));
  await looking;
  await look(target, seen, requests.slice(-requestsPerLook));
}

async function sendOne(target: Target, request: HostileRequest, seen: Seen): Promise<void> {
  const came = await sendUntilTaken(target, request);
  seen.violations.push(...checkExchange(request, came));
  for (const { status } of came.answers) seen.statuses.set(status, (seen.statuses.get(status) ?? 0) + 1);
  for (const jobId of reportedJobs(request, came.answers)) seen.reported.add(jobId);
  noteMetrics(request, came, seen);
  await tidy(target.tenant, came.answers);
}

/**
 * Who is told to try again does so, as every client would; told it again and again, that is what came of it.
 */
async function sendUntilTaken({ url, credentials }: Target, request: HostileRequest): Promise<Exchange> {
  const sent = { bytes: toBytes(request, credentials), closesAfterwards: request.raw !== undefined };
  let came = await exchange(url, sent, request.leaveAfterBytes);
  for (let left = triesAgain; left > 0 && came.answers.some(asksToTryAgain); left -= 1) {
    await new Promise((next) => setTimeout(next, 1000));
    came = await exchange(url, sent, request.leaveAfterBytes);
  }
  return came;
}

const asksToTryAgain = ({ status }: Answer) => status === 503;

/** Whoever reads the metrics begins a new measurement; what was measured until then is in the answer. */
function noteMetrics({ kind, route }: HostileRequest, { answers }: Exchange, seen: Seen): void {
  const [answer] = answers;
  if (!route.endsWith(' /metrics') || answer?.status !== 200 || answer.body.length === 0) return;
  noteLoad(seen, 'api', toLoad(answer.body.toString('utf8')), `before ${route} (${kind})`);
}

function noteLoad(seen: Seen, name: string, load: Load, when: string): void {
  seen.violations.push(...checkLoad(seen.lastLoads.get(name) ?? null, load, `${name}, ${when}`));
  seen.loads.push(load);
  seen.lastLoads.set(name, load);
}

async function look({ watched }: Target, seen: Seen, recent: HostileRequest[]): Promise<void> {
  const large = [...recent].sort((a, b) => sizeOf(b) - sizeOf(a)).slice(0, 3);
  const names = large.map(({ route, kind }) => `${route} (${kind})`).join('; ');
  for (const { name, origin } of watched) {
    const load = await readLoad(origin).catch(() => null);
    if (load === null) {
      seen.violations.push({ oracle: 'load', on: name, detail: 'the process does not answer any more' });
      continue;
    }
    noteLoad(seen, name, load, `while ${recent.length} were sent, the largest: ${names}`);
  }
}

const sizeOf = ({ body }: HostileRequest) => body?.length ?? 0;

/** What was made counts towards a limit of the account, which would keep the later ones out. */
const madeOf: [pattern: RegExp, path: string][] = [
  [/^\{"id":"(whe_[0-9a-f]+)","object":"webhook_endpoint",/, '/v1/webhook_endpoints'],
  [/^\{"id":"([\w-]+)","object":"api_key",.*"key":"gw_/, '/v1/keys'],
];

async function tidy(tenant: Client, answers: Answer[]): Promise<void> {
  for (const { status, body } of answers) {
    if (status !== 200 && status !== 201) continue;
    const text = body.subarray(0, 2000).toString('utf8');
    if (!/"signing_secret"|"key":"gw_/.test(text)) continue;
    for (const [pattern, path] of madeOf) {
      const id = pattern.exec(text)?.[1];
      if (id !== undefined) await tenant.call(`DELETE ${path}/${id}`);
    }
  }
}
