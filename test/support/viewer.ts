import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { readServerSentEvents, type ServerSentEvent } from '../../tools/chaos/server-sent-events.ts';

export type ViewOptions = {
  jobId: string;
  key: string;
  /** The API addresses that may be up now; each connection takes one of them. */
  urls(): string[];
  /** In [0, 1). */
  random(): number;
  /** Id of the last event the viewer has; 0 unless told. */
  after?: number;
  /** How likely the viewer cuts its connection after an event. */
  cutProbability?: number;
  onEvent?(event: ServerSentEvent): void;
};

/** What one viewer was sent over all its connections, in the order it came. */
export type View = { events: ServerSentEvent[]; connections: number; cuts: number };

const finalTypes = ['job.succeeded', 'job.failed', 'job.cancelled', 'job.expired'];
const againMs = 50;

/** Reads a job's events until the final one, going on from the last id after every cut, whoever made it. */
export async function viewToEnd(options: ViewOptions): Promise<View> {
  const { random, cutProbability = 0, onEvent } = options;
  const view: View = { events: [], connections: 0, cuts: 0 };
  const lastId = () => Number(view.events.at(-1)?.id ?? options.after ?? 0);
  const isOver = () => finalTypes.includes(view.events.at(-1)?.type ?? '');

  async function read(): Promise<void> {
    for await (const event of connect(options, lastId())) {
      view.events.push(event);
      onEvent?.(event);
      if (isOver() || random() >= cutProbability) continue;
      view.cuts += 1;
      return;
    }
  }

  while (!isOver()) {
    view.connections += 1;
    await read().catch(refuseAnswers);
    if (!isOver()) await sleep(againMs * (0.5 + random()));
  }
  return view;
}

/** The status of asking for what comes after an event. */
export async function statusAfter(url: string, key: string, jobId: string, after: number): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, 'last-event-id': String(after) };
  const answer = await fetch(`${url}/v1/jobs/${jobId}/events`, { headers });
  await answer.body?.cancel();
  return answer.status;
}

class WrongAnswer extends Error {}

/** Connections may break as they like; an answer that is no stream is nothing a viewer has to live with. */
function refuseAnswers(error: unknown): void {
  if (error instanceof WrongAnswer) throw error;
}

async function* connect(options: ViewOptions, after: number): AsyncGenerator<ServerSentEvent> {
  const urls = options.urls();
  const url = urls[Math.floor(options.random() * urls.length)];
  const headers = {
    authorization: `Bearer ${options.key}`,
    ...(after > 0 ? { 'last-event-id': String(after) } : {}),
  };
  const asked = request(`${url}/v1/jobs/${options.jobId}/events`, { headers, agent: false });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.on('response', resolve).on('error', reject).end();
    });
    if (response.statusCode !== 200 && response.statusCode !== 503)
      throw new WrongAnswer(`the events after ${after} were answered ${response.statusCode}`);
    response.setEncoding('utf8');
    yield* readServerSentEvents(response);
  } finally {
    asked.destroy();
  }
}
