import type { Cluster, Links } from '../cluster.ts';
import type { ConnectionKind } from '../connection-kind.ts';
import type { FaultProxy } from '../fault-proxy.ts';

/** Packets are swallowed and nothing is closed. */
export type Silence = {
  what: string;
  server: 'Redis' | 'Postgres';
  /** True when a connection that is made meanwhile is served. */
  isServed: boolean;
  /**
   * The returned function lets nobody else fall silent; who is silent stays so until the cluster is healed.
   */
  begin(cluster: Cluster): () => void;
};

type LinkName = keyof Links;

const toRedis: LinkName[] = ['apiToRedis', 'workersToRedis'];
const toPostgres: LinkName[] = ['apiToPostgres', 'workersToPostgres'];

function onLinks(names: LinkName[], silence: (link: FaultProxy) => unknown): Silence['begin'] {
  return ({ links }) => {
    for (const name of names) silence(links[name]);
    return () => undefined;
  };
}

function ofKind(kind: ConnectionKind, alsoNew: boolean): Pick<Silence, 'isServed' | 'begin'> {
  const names = kind === 'pool' ? toPostgres : toRedis;
  return { isServed: !alsoNew, begin: onLinks(names, (link) => link.silence(kind, alsoNew)) };
}

/** Connections fall silent at the next two statements of this kind, which may have been done or not. */
function atStatement(contains: string, when: 'before' | 'after'): Pick<Silence, 'isServed' | 'begin'> {
  return {
    isServed: true,
    begin: ({ links }) => {
      const rules = toPostgres.map((name) =>
        links[name].cutOnQuery({ contains, when, times: 2, how: 'silence' }),
      );
      return () => {
        for (const rule of rules) rule.cancel();
      };
    },
  };
}

/**
 * Connections of one kind fall silent, those that replace them are served. A short run plays the first of
 * them.
 */
export const servedSilences: readonly Silence[] = [
  { what: 'commands', server: 'Redis', ...ofKind('commands', false) },
  { what: 'blocking reads', server: 'Redis', ...ofKind('blocking', false) },
  { what: 'the pools', server: 'Postgres', ...ofKind('pool', false) },
  { what: 'whoever settles jobs', server: 'Postgres', ...atStatement('settle_jobs', 'after') },
  { what: 'queues', server: 'Redis', ...ofKind('queues', false) },
  { what: 'subscribers', server: 'Redis', ...ofKind('subscriber', false) },
  { what: 'whoever asks to lead', server: 'Postgres', ...atStatement('leaders', 'before') },
  { what: 'whoever claims jobs', server: 'Postgres', ...atStatement('claim_jobs', 'after') },
];

/** As long as it lasts, those that replace them fall silent too. A short run plays the first of them. */
export const lastingSilences: readonly Silence[] = [
  {
    what: 'everything',
    server: 'Redis',
    isServed: false,
    begin: onLinks(toRedis, (link) => link.blackhole()),
  },
  {
    what: 'everything',
    server: 'Postgres',
    isServed: false,
    begin: onLinks(toPostgres, (link) => link.blackhole()),
  },
  { what: 'commands', server: 'Redis', ...ofKind('commands', true) },
  {
    what: 'blocking reads and queues',
    server: 'Redis',
    isServed: false,
    begin: onLinks(toRedis, (link) => {
      link.silence('blocking', true);
      link.silence('queues', true);
    }),
  },
  { what: 'subscribers', server: 'Redis', ...ofKind('subscriber', true) },
];
