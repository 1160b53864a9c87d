import { z } from 'zod';
import { invalid, type Refusal } from '../../shared/errors.ts';
import type { IdPrefix } from '../../shared/ids.ts';
import { documentedAs, type Json } from '../openapi/components.ts';

/** The two fields every list takes. */
export const pageQuery = {
  limit: documentedAs(
    z
      .string()
      .regex(/^\d{1,3}$/, { error: 'must be a whole number from 1 to 100' })
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= 100, { error: 'must be a whole number from 1 to 100' }),
    { type: 'integer', minimum: 1, maximum: 100 },
  ).default(20),
  after: listedId().optional(),
};

/**
 * The id of what a page goes on from, where it does not tell its place by itself; `json` describes it. Each
 * is a schema of its own: what one list says of its ids is not said of another's.
 */
export function listedId(json?: Json) {
  // The longest id is that of an account: 255 characters, each of up to two units.
  const id = z.string().min(1).max(510);
  return json === undefined ? id : documentedAs(id, json);
}

/** The parameter of OpenAI's lists that says in which direction they go. */
export const sortParameter = 'order';

export const sortQuery = { [sortParameter]: z.enum(['asc', 'desc']).default('desc') };

/**
 * The id a page goes on from, in a list of what is sorted by ids of this kind. They give their position by
 * themselves, so a page also goes on from what was deleted since, as it is by whoever deletes while he lists.
 * A delivery's id may end in its endpoint's.
 */
export function cursorOf(prefix: IdPrefix) {
  const pattern = new RegExp(`^${prefix}_[0-9a-f]{32}(_[0-9a-f]{12})?$`);
  return z
    .string()
    .regex(pattern, { error: `must be an id from this list, such as "${prefix}_…"` })
    .optional();
}

/**
 * What clients of gateways in front of several providers (LiteLLM's SDK) put beside a list's own parameters;
 * here there is nothing to choose, and it is dropped.
 */
export const routingQuery = {
  custom_llm_provider: z.string().optional(),
  provider: z.string().optional(),
  target_model_names: z.string().optional(),
};

/** What the beta half of Anthropic's SDKs puts on every path; it has no meaning here. */
export const betaQuery = { beta: z.string().optional() };

/** The refusal for an id that a page cannot go on from, in a list whose ids do not give their position. */
export function unknownCursor(): Refusal {
  return invalid([{ param: 'after', message: 'must be an id from this list' }]);
}

/** The shape of every list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    object: z.literal('list'),
    data: z.array(item),
    has_more: z.boolean(),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
  });
}

/**
 * A page from rows that were asked for with `limit + 1`: the extra one only says that there are more.
 * `reachedId` is how far was looked when that was not to the end: then the page may be short, or empty, and
 * the next one goes on from there.
 */
export function toPage<Item extends { id: string }>(
  items: Item[],
  limit: number,
  reachedId: string | null = null,
) {
  const data = items.slice(0, limit);
  return {
    object: 'list' as const,
    data,
    has_more: items.length > limit || reachedId !== null,
    first_id: data[0]?.id ?? null,
    last_id: reachedId ?? data.at(-1)?.id ?? null,
  };
}
