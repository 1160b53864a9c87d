import type { Catalogue } from '../../shared/catalogue/catalogue.ts';
import type { Judge } from '../../shared/judge/judge.ts';
import type { News } from '../../shared/news.ts';
import type { BatchLease, OpenBatch } from '../../shared/sql/batch-lease.ts';
import type { Database } from '../../shared/sql/database.ts';
import type { Log } from '../../shared/telemetry.ts';

export type MoverDeps = {
  sql: Database;
  catalogue: Pick<Catalogue, 'list'>;
  news: Pick<News, 'send'>;
  log: Log;
  judge: Pick<Judge, 'lines'>;
  owesDelivery(): void;
};

/** One step: true when the batch has moved and may move again at once. */
export type Step = (deps: MoverDeps, lease: BatchLease, batch: OpenBatch) => Promise<boolean>;
