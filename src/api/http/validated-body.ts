import type { FastifyRequest } from 'fastify';
import type { BodyKind, ValidatedBodies } from '../../shared/validation/bodies.ts';
import type { BodyBudgets } from './body-budgets.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * What the body is: it is read, checked and priced as that before the handler runs, and the handler has
     * what came of it.
     */
    validates?: BodyKind;
  }
}

/** What stands for a body that was validated. */
export class ValidatedBody {
  readonly result: unknown;
  /** As it came, for a body that is validated once more with what was said before it; null for any other. */
  bytes: Buffer | null;
  readonly budgets: BodyBudgets;
  constructor(result: unknown, bytes: Buffer | null, budgets: BodyBudgets) {
    this.result = result;
    this.bytes = bytes;
    this.budgets = budgets;
  }
}

/** What came of the body of a request whose route says `validates: kind`. */
export function validatedOf<Kind extends BodyKind>(
  request: FastifyRequest,
  _kind: Kind,
): ValidatedBodies[Kind] {
  return bodyOf(request).result as ValidatedBodies[Kind];
}

/** The body as it came, once: a call may wait for its answer for minutes, and needs it no more. */
export function takeBytes(request: FastifyRequest): Buffer {
  const body = bodyOf(request);
  const { bytes } = body;
  body.bytes = null;
  if (bytes === null) throw new Error('this body is not validated again');
  return bytes;
}

/** What its account may spend on bodies: what is validated with this one counts like it. */
export function budgetsOf(request: FastifyRequest): BodyBudgets {
  return bodyOf(request).budgets;
}

function bodyOf({ body }: FastifyRequest): ValidatedBody {
  if (body instanceof ValidatedBody) return body;
  throw new Error('the body of this route is not validated');
}
