import { z } from 'zod';

/** The name of a function a model may call, or of a schema it answers in, as every provider takes it. */
export const functionName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
  error: 'must be 1 to 64 letters, digits, underscores or dashes',
});
