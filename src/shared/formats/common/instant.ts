import { z } from 'zod';

/**
 * The years a time may lie in, in UTC. Beyond them JavaScript, Postgres and RFC 3339 do not agree on what can
 * be written, and nothing of ours lies there.
 */
const yearMin = 2000;
const yearMax = 2200;
const error = `must be a time in the years ${yearMin} to ${yearMax} (UTC)`;

function isInRange(date: Date): boolean {
  const year = date.getUTCFullYear();
  return year >= yearMin && year <= yearMax;
}

/** A time from a client: RFC 3339 with an offset, in the years 2000 to 2200. */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time such as "2030-01-31T12:00:00Z"' })
  .transform((text) => new Date(text))
  .refine(isInRange, { error });

/** The same, or a day, which means its beginning in UTC. */
export const instantOrDay = z.union([
  instant,
  z.iso
    .date({ error: 'must be a date such as "2030-01-31" or an RFC 3339 time' })
    .transform((text) => new Date(`${text}T00:00:00Z`))
    .refine(isInRange, { error }),
]);
