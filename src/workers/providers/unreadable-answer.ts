import type { UnreadableReason } from '../../shared/chat/call-result.ts';
import type { Usage } from '../../shared/chat/usage.ts';

/**
 * A whole answer of a shape that nobody knows: an error that names what was wrong, since an answer without
 * its content would look like a success. `usage` is what the provider billed for it, where it was readable.
 */
export class UnreadableAnswer extends Error {
  readonly reason: UnreadableReason;
  usage: Usage | null = null;

  constructor(reason: UnreadableReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
