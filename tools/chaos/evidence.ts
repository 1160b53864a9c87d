import type { Database } from '../../src/shared/platform/postgres/database.ts';
import type { MeterCall } from '../simulator/meter.ts';
import type { ClientRecord } from './client-record.ts';
import type { InnocentFacts } from './innocent.ts';
import type { StoredFacts } from './stored-facts.ts';
import type { Watchers } from './watcher.ts';

/** One POST as the receiver of webhooks took it, raw. */
export type ReceivedWebhook = {
  /** Header `webhook-id`. */
  id: string;
  body: Buffer;
  /** Header `webhook-signature`. */
  signature: string;
  /** Header `webhook-timestamp`. */
  timestamp: string;
};

/**
 * What the witnesses saw, and where the gateway's own books are. To be gathered when all has come to rest.
 */
export type Facts = {
  /** As the owner of the gateway's database, past every proxy. */
  sql: Database;
  adminUrl: string;
  adminKey: string;
  clients: ClientRecord[];
  meter: MeterCall[];
  received: ReceivedWebhook[];
  /** `whsec_…`: one for all accounts, or each account's own. */
  webhookSecret: string | Readonly<Record<string, string>>;
  watchers: Pick<Watchers, 'check'>;
  /** One of the clients, who disturbs nobody. */
  innocent: InnocentFacts;
  /** Calls that faults may have cost beyond one a job. */
  callsAllowance: number;
};

/** The facts beside what the database had when the check began. */
export type Evidence = Facts & { stored: StoredFacts };

export type Breach = { jobId: string | null; detail: string };

/** One promise, and who breaks it. */
export type Invariant = { name: string; check(evidence: Evidence): Breach[] | Promise<Breach[]> };

/** A broken promise with the story of the job that shows it. */
export type Violation = Breach & { invariant: string; history: string[] };
