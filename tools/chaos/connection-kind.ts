/**
 * What one connection is for, as the processes of the gateway use it: for Redis `blocking` (waits for
 * tickets), `subscriber`, `queues` (everything else of BullMQ) and `commands` (the rest); for Postgres
 * `pool`, and `probe` for whoever looks after it.
 */
export type ConnectionKind = 'commands' | 'blocking' | 'subscriber' | 'queues' | 'pool' | 'probe';

/** Tells the kind of a connection from what its client says; for better when more was said. */
export type KindReader = { read(fromClient: Buffer): void; kind(): ConnectionKind };

/** Commands that only one kind of connection sends, and the word in the keys of every queue. */
const signs: readonly [ConnectionKind, Buffer[]][] = [
  ['subscriber', [Buffer.from('\nsubscribe\r')]],
  ['blocking', [Buffer.from('\nbzpopmin\r')]],
  ['queues', [Buffer.from(':completions-')]],
];

/** A command and its keys stand in its first bytes; what follows may be megabytes of a text. */
const lookedAtBytes = 4096;

/**
 * Of a connection to Redis. BullMQ's workers name the queue in their blocking command too, so that sign comes
 * before.
 */
export function readRedisKind(): KindReader {
  let kind: ConnectionKind = 'commands';
  return {
    read(bytes) {
      if (kind === 'subscriber' || kind === 'blocking') return;
      const head = bytes.subarray(0, lookedAtBytes);
      kind = signs.find(([, words]) => words.some((word) => head.includes(word)))?.[0] ?? kind;
    },
    kind: () => kind,
  };
}

/** Of a connection to Postgres, from the application_name that its first message carries. */
export function readPostgresKind(): KindReader {
  let kind: ConnectionKind | null = null;
  return {
    read(bytes) {
      const isStart = kind === null;
      if (isStart) kind = bytes.subarray(0, lookedAtBytes).includes('-probe\0') ? 'probe' : 'pool';
    },
    kind: () => kind ?? 'pool',
  };
}
