import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { invalid } from '../../shared/domain/errors.ts';
import { problemsOf } from '../../shared/requests/zod-problems.ts';

/** Lets Fastify validate with zod; what does not fit is refused with 422 and every problem. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data) => {
    const result = schema.safeParse(data);
    return result.success ? { value: result.data } : { error: invalid(problemsOf(result.error)) };
  };
