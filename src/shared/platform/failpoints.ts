import { writeSync } from 'node:fs';

/**
 * Named places where a process can be made to fail on purpose, to prove that whatever dies there is repaired.
 * Every one is compiled into production and does nothing unless the process was started with the variable
 * FAILPOINTS, which only a development environment accepts.
 */
export const failpointNames = [
  'intake.quoted',
  'intake.committed',
  'cancel.recorded',
  'dispatch.ticketed',
  'dispatch.added',
  'reap.listed',
  'reconcile.listed',
  'run.ticket_taken',
  'run.claimed',
  'run.calling',
  'run.answered',
  'run.settled',
  'run.announced',
  'batch.line',
  'batch.moved',
  'delivery.claimed',
  'delivery.posted',
  'delivery.recorded',
] as const;
export type FailpointName = (typeof failpointNames)[number];

/**
 * What happens at a failpoint, with a probability: `kill` ends the process as kill -9 does, after `ms`;
 * `stop` pauses it as SIGSTOP does; `throw` fails the step; `delay` holds it up for `ms`; `block` keeps the
 * whole process busy for `ms`.
 */
export type Failpoint = {
  name: FailpointName;
  action: 'kill' | 'stop' | 'throw' | 'delay' | 'block';
  ms: number;
  probability: number;
  /** Only where what is worked on holds this word. */
  word?: string;
};

const armed = new Map<FailpointName, Failpoint>();

/** Makes these failpoints live, and all others dead. */
export function armFailpoints(failpoints: Failpoint[]): void {
  armed.clear();
  for (const failpoint of failpoints) armed.set(failpoint.name, failpoint);
}

/** A place that can fail. Resolves at once unless it was armed; `about` gives what is worked on there. */
export async function failpoint(name: FailpointName, about: () => string = () => ''): Promise<void> {
  const point = armed.get(name);
  if (point === undefined || Math.random() >= point.probability || !isMeant(point, about)) return;
  // Written at once and not through the log: the process may not live to flush it.
  writeSync(2, `failpoint ${name} ${point.action}\n`);
  await fail(point);
}

function isMeant({ word }: Failpoint, about: () => string): boolean {
  return word === undefined || about().includes(word);
}

async function fail({ name, action, ms }: Failpoint): Promise<void> {
  switch (action) {
    case 'throw':
      throw new Error(`failpoint ${name}`);
    case 'delay':
      return await sleep(ms);
    case 'block':
      return block(ms);
    case 'stop':
      process.kill(process.pid, 'SIGSTOP');
      return;
    case 'kill':
      if (ms > 0) await sleep(ms);
      process.kill(process.pid, 'SIGKILL');
      // The signal arrives a moment later; nothing may happen in between.
      return await new Promise(() => undefined);
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/**
 * Reads `name=action[:ms][@probability][~word]`, separated by commas:
 * `run.claimed=kill@0.01,delivery.posted=delay:500`. Returns the first part that is not one, as text,
 * instead.
 */
export function parseFailpoints(text: string): Failpoint[] | string {
  const failpoints: Failpoint[] = [];
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const match = /^\s*([a-z_.]+)=(kill|stop|throw|delay|block)(?::(\d+))?(?:@([\d.]+))?(?:~(\S+))?\s*$/.exec(
      part,
    );
    const name = failpointNames.find((known) => known === match?.[1]);
    if (match === null || name === undefined) return part;
    const [, , action, ms = '0', probability = '1', word] = match;
    failpoints.push({
      name,
      action: action as Failpoint['action'],
      ms: Number(ms),
      probability: Number(probability),
      ...(word === undefined ? {} : { word }),
    });
  }
  return failpoints;
}
