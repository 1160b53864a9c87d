import { z } from 'zod';
import { invalid } from '../../../shared/errors.ts';
import { listedId } from '../../http/pages.ts';
import { documentedAs } from '../../openapi/components.ts';

const limitProblem = { error: 'must be a whole number from 1 to 1000' };

/** What Anthropic's SDK (1.14 `PageParams`) asks of a list of models; OpenAI's has no pages. */
export const anthropicPageQuery = z.object({
  limit: documentedAs(
    z
      .string()
      .regex(/^\d{1,4}$/, limitProblem)
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= 1000, limitProblem),
    { type: 'integer', minimum: 1, maximum: 1000 },
  ).optional(),
  after_id: listedId().optional(),
  before_id: listedId().optional(),
});

type Page = z.output<typeof anthropicPageQuery>;

/**
 * A page of a list in Anthropic's shape: what comes after an id, or just before one; all of it when nothing
 * is asked for. `has_more` is of the direction that was asked for. Throws a 400 for an id that is not there.
 */
export function anthropicPage<Item extends { id: string }>(items: Item[], page: Page) {
  const { limit = items.length, after_id, before_id } = page;
  const from = after_id === undefined ? 0 : indexOf(items, 'after_id', after_id) + 1;
  const end = before_id === undefined ? items.length : indexOf(items, 'before_id', before_id);
  const wanted = items.slice(from, end);
  const data = before_id === undefined ? wanted.slice(0, limit) : wanted.slice(-limit);
  return {
    data,
    has_more: wanted.length > data.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}

function indexOf(items: { id: string }[], param: string, id: string): number {
  const at = items.findIndex((item) => item.id === id);
  if (at === -1) throw invalid([{ param, message: 'must be the id of a model from this list' }]);
  return at;
}
