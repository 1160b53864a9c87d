import { z } from 'zod';

export const metadataPairsMax = 16;

/** Metadata as OpenAI bounds it: at most 16 pairs, keys of up to 64 characters, values of up to 512. */
export const metadataSchema = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= metadataPairsMax, {
    error: `has more than ${metadataPairsMax} pairs`,
  });
