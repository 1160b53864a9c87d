import type { Violation } from './violation.ts';

/** A process that holds more than this holds what it was sent many times over. */
const rssBytesMax = 900 * 1024 * 1024;
/** No request may keep a process computing for so long that nobody else is answered meanwhile. */
const standstillSecondsMax = 3;

export type Load = {
  rssBytes: number;
  /** How long its event loop stood still at most since somebody asked before. */
  loopDelayMaxSeconds: number;
  /** What it has computed since it started. */
  cpuSeconds: number;
};

/** What a process says of itself at `/metrics`. */
export async function readLoad(origin: string): Promise<Load> {
  return toLoad(await (await fetch(`${origin}/metrics`)).text());
}

export function toLoad(metrics: string): Load {
  return {
    rssBytes: readGauge(metrics, 'process_resident_memory_bytes'),
    loopDelayMaxSeconds: readGauge(metrics, 'nodejs_eventloop_lag_max_seconds'),
    cpuSeconds: readGauge(metrics, 'process_cpu_seconds_total'),
  };
}

function readGauge(text: string, name: string): number {
  const value = Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(value)) throw new Error(`/metrics has no ${name}`);
  return value;
}

/**
 * Compares two looks at a process. One that the machine gave no turn also stands still, but computes
 * nothing: only as much of a delay counts as it computed since the look before. So a machine with much to do
 * fails nothing.
 */
export function checkLoad(before: Load | null, load: Load, on: string): Violation[] {
  const { rssBytes, loopDelayMaxSeconds, cpuSeconds } = load;
  const note = (detail: string) => [{ oracle: 'load', on, detail }];
  const stoodStill = Math.min(loopDelayMaxSeconds, cpuSeconds - (before?.cpuSeconds ?? 0));
  return [
    ...(rssBytes > rssBytesMax ? note(`${Math.round(rssBytes / 2 ** 20)} MiB of memory`) : []),
    ...(stoodStill > standstillSecondsMax
      ? note(`the event loop stood still for ${stoodStill.toFixed(1)} s`)
      : []),
  ];
}

/** Those of some routes (`METHOD path`) on which a process has not answered, by its own count. */
export function unreachedOf(routes: string[], metrics: string): string[] {
  const reached = [...readReached(metrics)];
  const known = new Set(reached.map(withoutSlash));
  return routes.filter((route) => {
    if (!route.endsWith('/*')) return !known.has(withoutSlash(route));
    // The list of routes leaves out what stands between the last known part of a path and its star.
    return !reached.some((name) => name.startsWith(route.slice(0, -1)) && name.endsWith('/*'));
  });
}

const withoutSlash = (route: string) => (route.endsWith(' /') ? route : route.replace(/\/$/, ''));

function readReached(metrics: string): Set<string> {
  const reached = new Set<string>();
  for (const [, labels = ''] of metrics.matchAll(/^gateway_requests_answered_total\{([^}]*)\}/gm)) {
    const method = /method="([^"]*)"/.exec(labels)?.[1];
    const route = /route="([^"]*)"/.exec(labels)?.[1];
    reached.add(`${method} ${route}`);
  }
  return reached;
}
