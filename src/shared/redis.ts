import { Cluster, Redis } from 'ioredis';

/** A connection to one Redis or to a cluster; both take the same commands. */
export type RedisConnection = Redis | Cluster;

export type RedisSettings = { url: string | null; clusterNodes: string[] | null; prefix: string };

/**
 * Opens a connection for `purpose`:
 * - `commands`: fails fast, so that a caller can go on without Redis;
 * - `blocking`: waits for Redis to come back, as BullMQ's workers and subscribers must.
 * The caller closes it. Errors are given to `onError`, never thrown at the process.
 */
export function openRedis(
  settings: RedisSettings,
  purpose: 'commands' | 'blocking',
  onError: (error: Error) => void,
): RedisConnection {
  const options = {
    maxRetriesPerRequest: purpose === 'blocking' ? null : 1,
    enableOfflineQueue: purpose === 'blocking',
    connectTimeout: 5000,
    // A demoted master answers READONLY for ever on the old connection; a new connection finds the new master.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 6), 1000),
  };
  const connection =
    settings.clusterNodes === null
      ? new Redis(settings.url ?? '', options)
      : new Cluster(settings.clusterNodes.map(toNode), { redisOptions: options });
  connection.on('error', onError);
  return connection;
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
