import type { BatchLease, OpenBatch } from '../../shared/batches/sql/batch-lease.ts';
import type { Catalogue } from '../../shared/catalogue/catalogue.ts';
import type { Log } from '../../shared/platform/log.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { Signals } from '../../shared/platform/redis/signals.ts';
import type { Validator } from '../../shared/validation/validator.ts';

export type BatchStepDeps = {
  sql: Database;
  catalogue: Pick<Catalogue, 'list'>;
  signals: Pick<Signals, 'publish'>;
  log: Log;
  validator: Pick<Validator, 'lines'>;
  owesDelivery(): void;
};

/** One step: true when the batch has moved and may move again at once. */
export type BatchStep = (deps: BatchStepDeps, lease: BatchLease, batch: OpenBatch) => Promise<boolean>;
