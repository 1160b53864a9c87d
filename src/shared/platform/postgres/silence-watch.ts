import type { Socket } from 'node:net';
import pg, { type ClientBase, type ClientConfig } from 'pg';

/** When a connection that says nothing is looked into. */
export type SilenceLimits = {
  /** A statement that nothing has come back for in this long is asked about. */
  quietMs: number;
  /** How long the server may take to say what it is doing. */
  probeMs: number;
};

const silenceLimits: SilenceLimits = { quietMs: 2000, probeMs: 2000 };

/** An answer that is under way when the server is asked has this long to arrive. */
const arrivalMs = 250;
const goodbyeMs = 1000;
/** A pooler's sessions are not ours to be looked up: there, silence for so many times as long is enough. */
const pooledThresholds = 5;

export type SilenceWatch = {
  /** A statement is sent on this connection; the returned function is called when it has come to an end. */
  begin(client: ClientBase): () => void;
  stop(): void;
};

type Waiting = { client: ClientBase; sinceMs: number; bytes: number };

/** What `pg` keeps of a connection and does not say in its types. */
const partsOf = (client: ClientBase) =>
  client as unknown as { processID: number | null; connection: { stream: Socket } };

/**
 * Tells a slow statement from a connection whose packets are swallowed: the server is asked, over a
 * connection of its own, whether it works for the sessions that we wait for. One that it is not working for
 * has lost the statement or its answer, and is destroyed, which its caller sees like any broken
 * connection. While the server does not answer at all everybody waits on, as they must, and is looked at
 * again as soon as it does.
 */
export function watchSilence(
  options: { config: ClientConfig; isPooled: boolean; limits?: SilenceLimits },
  onSilent: () => void,
): SilenceWatch {
  const { quietMs, probeMs } = options.limits ?? silenceLimits;
  const waiting = new Set<Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function quietOnes(forMs = quietMs): Waiting[] {
    const now = performance.now();
    for (const one of waiting) {
      const { bytesRead } = partsOf(one.client).connection.stream;
      if (bytesRead === one.bytes) continue;
      one.bytes = bytesRead;
      one.sinceMs = now;
    }
    return [...waiting].filter(({ sinceMs }) => now - sinceMs >= forMs);
  }

  async function look(): Promise<void> {
    const quiet = quietOnes();
    if (quiet.length > 0) await cutSilent(quiet).catch(() => undefined);
    timer = undefined;
    arm();
  }

  async function cutSilent(quiet: Waiting[]): Promise<void> {
    const pids = quiet.flatMap(({ client }) => partsOf(client).processID ?? []);
    const busy = await askServer(options.config, probeMs, pids);
    await new Promise((resolve) => setTimeout(resolve, arrivalMs).unref());
    const still = new Set(quietOnes(options.isPooled ? pooledThresholds * quietMs : quietMs));
    const silent = quiet.filter((one) => {
      const isWorking = !options.isPooled && busy.has(partsOf(one.client).processID ?? 0);
      return still.has(one) && !isWorking;
    });
    for (const { client } of silent) cut(client);
    if (silent.length > 0) onSilent();
  }

  function arm(): void {
    if (stopped || timer !== undefined || waiting.size === 0) return;
    timer = setTimeout(() => void look(), quietMs / 2);
    timer.unref();
  }

  return {
    begin: (client) => {
      const { bytesRead } = partsOf(client).connection.stream;
      const one = { client, sinceMs: performance.now(), bytes: bytesRead };
      waiting.add(one);
      arm();
      return () => waiting.delete(one);
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Ends a connection at once, without a word to the other side, which would not come through. */
export function cut(client: ClientBase): void {
  partsOf(client).connection.stream.destroy(new Error('Connection terminated: it had fallen silent'));
}

const workingSessions = `
  select pid from pg_stat_activity
  where pid = any ($1::integer[])
    and coalesce(state, '') <> all (array['idle', 'idle in transaction', 'idle in transaction (aborted)'])`;

/**
 * Of these sessions, those that the server works for, or of which it does not say. Rejects when it does not
 * answer.
 */
async function askServer(config: ClientConfig, probeMs: number, pids: number[]): Promise<Set<number>> {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: probeMs, query_timeout: probeMs });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>(workingSessions, [pids]);
    return new Set(rows.map(({ pid }) => pid));
  } finally {
    hangUp(client);
  }
}

/**
 * Says goodbye in the background, and does not wait for an answer: the other side may have fallen silent too.
 */
export function hangUp(client: InstanceType<typeof pg.Client>): void {
  const timer = setTimeout(() => cut(client), goodbyeMs).unref();
  client.end().then(
    () => clearTimeout(timer),
    () => undefined,
  );
}
