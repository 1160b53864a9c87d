import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { invalid } from '../../shared/errors.ts';
import { problemsOf } from '../../shared/formats/common/zod-problems.ts';
import { ValidatedBody } from './validated-body.ts';

/**
 * Lets Fastify validate with zod; what does not fit is refused with 422 and its problems. What was read as a
 * been validated.
 */
export const compileValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data) => {
    if (data instanceof ValidatedBody) return { value: data };
    const result = schema.safeParse(data);
    return result.success ? { value: result.data } : { error: invalid(problemsOf(result.error)) };
  };
