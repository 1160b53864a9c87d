import { Cluster, type ClusterNode, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import type { OutageLog } from '../outage-log.ts';
import { TimedOut } from '../wait-at-most.ts';

/** A connection to one Redis or to a cluster; both take the same commands. */
export type RedisConnection = Redis | Cluster;

export type RedisSettings = { url: string | null; clusterNodes: string[] | null; prefix: string };

/** How long a connection is waited for; a network that swallows packets says nothing by itself. */
export type RedisLimits = {
  /** A caller of `commands` waits no longer. */
  commandMs: number;
  /**
   * A connection on which nothing has come for this long after a command is replaced. Longer than any
   * blocking read.
   */
  silenceMs: number;
  connectMs: number;
};

/** So long a command of ours blocks in Redis; a silent connection is found out only after that. */
export const blockingReadMs = 2000;
/** The longest that one does: of a reader to whom nothing has come for a while. */
export const restingReadMs = 5000;

const redisLimits: RedisLimits = {
  commandMs: 2000,
  silenceMs: blockingReadMs + 1500,
  connectMs: 3000,
};

/**
 * A node of a cluster that failed is not reported again when it is back; it counts as back when it has not
 * failed for so long.
 */
const clusterCalmMs = 10_000;

/**
 * Opens a connection for `purpose`:
 * - `commands`: fails fast, so that a caller can go on without Redis;
 * - `blocking`: waits for Redis to come back, as BullMQ's workers and subscribers must. Either is replaced
 *   within `silenceMs` once a command stays unanswered. The caller closes it. Errors are given to `onError`,
 *   never thrown at the process.
 */
export function openRedis(
  settings: RedisSettings,
  purpose: 'commands' | 'blocking',
  onError: (error: Error) => void,
  limits: RedisLimits = redisLimits,
): RedisConnection {
  const options = {
    maxRetriesPerRequest: purpose === 'blocking' ? null : 1,
    enableOfflineQueue: purpose === 'blocking',
    connectTimeout: limits.connectMs,
    // Who says goodbye over a silent connection gets no answer.
    disconnectTimeout: 250,
    socketTimeout: limits.silenceMs,
    // A demoted master answers READONLY for ever on the old connection; a new connection finds the new
    // master.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 6), 1000),
    ...(purpose === 'commands' ? { commandTimeout: limits.commandMs } : {}),
  };
  const connection =
    settings.clusterNodes === null
      ? new Redis(settings.url ?? '', options)
      : openCluster(settings.clusterNodes, options, purpose === 'commands' ? limits.commandMs : null);
  connection.on('error', onError);
  return connection;
}

/** The same, and its failing and coming back are reported to `outages` under the name `source`. */
export function openReportedRedis(
  settings: RedisSettings,
  purpose: 'commands' | 'blocking',
  source: string,
  outages: OutageLog,
): RedisConnection {
  const connection = openRedis(settings, purpose, (error) => outages.failed(source, error));
  connection.on('ready', () => outages.recovered(source));
  if (!(connection instanceof Cluster)) return connection;
  let calm: NodeJS.Timeout | undefined;
  connection.on('node error', (error: Error) => {
    outages.failed(source, error);
    clearTimeout(calm);
    calm = setTimeout(() => outages.recovered(source), clusterCalmMs).unref();
  });
  return connection;
}

/**
 * Lets connections that are duplicated from this one, as BullMQ's workers do, block for as long as a reader
 * at rest. Whoever blocks there finds a silent one out by itself, by how long it blocks.
 */
export function letDuplicatesRest(connection: RedisConnection): RedisConnection {
  const socketTimeout = restingReadMs + 1500;
  if (connection instanceof Cluster) {
    const again = connection.duplicate.bind(connection);
    const duplicate = (nodes?: ClusterNode[], options?: ClusterOptions) => {
      const redisOptions = { ...options?.redisOptions, socketTimeout } as NonNullable<ClusterNodeOptions>;
      return again(nodes, { ...options, redisOptions });
    };
    return Object.assign(connection, { duplicate });
  }
  const again = connection.duplicate.bind(connection);
  const duplicate = (options?: Partial<RedisOptions>) => again({ ...options, socketTimeout });
  return Object.assign(connection, { duplicate });
}

/** How ioredis begins what it says of commands that no Redis answered. */
const noAnswer =
  /^(?:Command timed out|Stream isn't writeable|Connection is closed|Reached the max retries|Socket timeout|None of startup nodes|Failed to refresh slots|Cluster isn't ready)/;

/** Whether Redis could not be asked, which its connections report by themselves. */
export function isRedisUnavailable(error: unknown): boolean {
  return error instanceof Error && (noAnswer.test(error.message) || error instanceof TimedOut);
}

/** Whether PUBLISH answers how many have the message; a node of a cluster counts only those of its own. */
export function countsReceivers(redis: RedisConnection): boolean {
  return !(redis instanceof Cluster);
}

type ClusterNodeOptions = NonNullable<ConstructorParameters<typeof Cluster>[1]>['redisOptions'];

function openCluster(nodes: string[], redisOptions: ClusterNodeOptions, commandMs: number | null): Cluster {
  const cluster = new Cluster(nodes.map(toNode), { redisOptions: redisOptions ?? {} });
  if (commandMs === null) return cluster;
  // A command waits in the cluster's own queue, while no node is known, before any node's clock would start.
  const send = cluster.sendCommand.bind(cluster);
  cluster.sendCommand = (command, ...rest) => {
    command.setTimeout(commandMs);
    return send(command, ...rest);
  };
  return cluster;
}

function toNode(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(address.includes('://') ? address : `redis://${address}`);
  return { host: hostname, port: port === '' ? 6379 : Number(port) };
}

/**
 * A key of ours. The part in braces decides the cluster node: all keys one script touches must share it.
 * `key('gw', 'gate', 'openai')` → `gw:{openai}:gate`.
 */
export function redisKey(prefix: string, kind: string, tag: string): string {
  return `${prefix}:{${tag}}:${kind}`;
}
