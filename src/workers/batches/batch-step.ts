import type { Catalogue } from '../../shared/catalogue/catalogue.ts';
import type { Judge } from '../../shared/validation/validator.ts';
import type { News } from '../../shared/platform/redis/signals.ts';
import type { BatchLease, OpenBatch } from '../../shared/batches/sql/batch-lease.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { Log } from '../../shared/platform/log.ts';

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
