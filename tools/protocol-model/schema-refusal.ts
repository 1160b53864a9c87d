import type { StoredJob } from './records.ts';

/** The schema refused a statement: the bug before it was one, even though this guard held. */
export class SchemaRefusal extends Error {
  readonly job: StoredJob;
  constructor(message: string, job: StoredJob) {
    super(message);
    this.job = job;
  }
}
