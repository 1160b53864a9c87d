import { readErrorReport } from './error-report.ts';

/** The provider's own report of an error, in an answer with status 200 or inside a stream. */
export class ReportedError extends Error {
  /** As it came. */
  readonly body: unknown;

  constructor(body: unknown) {
    super(readErrorReport(body).message ?? 'the provider gave no reason');
    this.body = body;
  }
}
