import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Child } from './child.ts';
import { startRedis } from './embedded-redis.ts';
import { findFreePort } from './free-port.ts';

const slots = 16_384;
const nodeCount = 3;

/** Starts a Redis Cluster of three masters without replicas on the loopback; gives `host:port` of each. */
export async function startRedisCluster(options: {
  dir: string;
  cacheDir: string;
  onSpawn(child: Child): void;
  signal?: AbortSignal;
}): Promise<{ nodes: string[] }> {
  const nodes: Redis[] = [];
  for (let index = 0; index < nodeCount; index += 1) {
    const dir = join(options.dir, `node-${index}`);
    const busPort = await findFreePort();
    const { url } = await startRedis({ ...options, dir, persistent: false, clusterBusPort: busPort });
    nodes.push(new Redis(url));
  }
  try {
    await joinNodes(nodes);
  } finally {
    for (const node of nodes) node.disconnect();
  }
  return { nodes: nodes.map(({ options: { host, port } }) => `${host}:${port}`) };
}

async function joinNodes(nodes: Redis[]): Promise<void> {
  const [first, ...others] = nodes;
  for (const [index, node] of nodes.entries()) {
    const from = Math.ceil((slots / nodeCount) * index);
    const to = Math.ceil((slots / nodeCount) * (index + 1)) - 1;
    await node.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
  }
  for (const node of others) {
    const [, busPort = ''] = (await node.config('GET', 'cluster-port')) as string[];
    await first?.call('CLUSTER', 'MEET', '127.0.0.1', String(node.options.port), busPort);
  }
  const until = Date.now() + 15_000;
  for (const node of nodes) {
    while (!(await isWhole(node))) {
      if (Date.now() > until)
        throw new Error('the nodes of the Redis Cluster did not find each other within 15 s');
      await new Promise((next) => setTimeout(next, 50));
    }
  }
}

async function isWhole(node: Redis): Promise<boolean> {
  const info = String(await node.call('CLUSTER', 'INFO'));
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodeCount}`);
}
