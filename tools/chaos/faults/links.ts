import type { Links } from '../cluster.ts';
import type { FaultProxy } from '../fault-proxy.ts';
import { type Fault, sleep } from './fault.ts';

const names: Record<keyof Links, string> = {
  apiToPostgres: 'API to Postgres',
  workersToPostgres: 'workers to Postgres',
  apiToRedis: 'API to Redis',
  workersToRedis: 'workers to Redis',
  toProvider: 'provider',
};

function lasting(kind: string, ms: number, start: (link: FaultProxy) => void): Fault[] {
  return (Object.keys(names) as (keyof Links)[]).map(
    (name): Fault => ({
      kind: `link ${names[name]} ${kind}`,
      disruptive: true,
      outage: 'server',
      inject: async ({ links }) => {
        start(links[name]);
        await sleep(ms);
        links[name].pass();
        return 1;
      },
    }),
  );
}

/** The network between two parts cuts, swallows or delays. */
export const linkFaults: Fault[] = [
  ...(Object.keys(names) as (keyof Links)[]).map((name) => ({
    kind: `link ${names[name]} cut`,
    disruptive: true,
    inject: async ({ links }: { links: Links }) => (links[name].cutAll() > 0 ? 1 : 0),
  })),
  ...lasting('silent', 1500, (link) => link.blackhole()),
  // Not the provider's: a call that has begun may take minutes to be answered, and is waited for.
  ...(Object.keys(names) as (keyof Links)[])
    .filter((name) => name !== 'toProvider')
    .map((name) => ({
      kind: `link ${names[name]} silent where it is open`,
      disruptive: true,
      inject: async ({ links }: { links: Links }) => (links[name].silenceOpen() > 0 ? 1 : 0),
    })),
  ...lasting('half open', 1500, (link) => link.halfOpen()),
  ...lasting('refused', 1000, (link) => {
    link.refuse();
    link.cutAll();
  }),
  ...lasting('slow', 1500, (link) => link.delay(150)),
  // A subscriber is replaced when it has not heard itself for longer.
  ...lasting('slow for notifications', 4000, (link) => link.delay(1500, 'subscriber')).filter(({ kind }) =>
    kind.includes('Redis'),
  ),
];
