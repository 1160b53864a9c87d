import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody, sendJson } from './http-tools.ts';
import type { Simulation } from './open-call.ts';

/**
 * `/__simulator/…`: `config` (GET, POST), `faults` (GET, POST, DELETE), `meter` (GET, DELETE) and
 * `meter/totals` (GET). Meter entries can be asked for by `?attempt_id=` or `?after=n`.
 */
export async function control(
  simulation: Simulation,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = request.method === 'POST' ? await readObject(request) : {};
  const answer = handle(
    simulation,
    `${request.method} ${url.pathname.slice('/__simulator/'.length)}`,
    body,
    url,
  );
  const [status, value] = answer === undefined ? [404, { error: 'unknown control' }] : [200, answer];
  sendJson(response, status as number, JSON.stringify(value));
}

async function readObject(request: IncomingMessage): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readBody(request)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function handle(simulation: Simulation, action: string, body: Record<string, unknown>, url: URL): unknown {
  const { config, faults, meter } = simulation;
  switch (action) {
    case 'GET config':
      return config;
    case 'POST config':
      return Object.assign(config, body);
    case 'GET faults':
      return faults.list();
    case 'POST faults':
      return faults.add(body);
    case 'DELETE faults':
      faults.clear();
      return { cleared: true };
    case 'GET meter': {
      const attemptId = url.searchParams.get('attempt_id');
      const after = Number(url.searchParams.get('after') ?? 0);
      const calls = meter
        .calls()
        .filter((call) => call.n > after && (attemptId === null || call.attempt_id === attemptId));
      return { calls, totals: meter.totals() };
    }
    case 'GET meter/totals':
      return meter.totals();
    case 'DELETE meter':
      meter.clear();
      return { cleared: true };
    default:
      return undefined;
  }
}
