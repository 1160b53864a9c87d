import type { PassThrough } from '../../chat/chat.ts';
import { suffixOf } from '../../ids.ts';
import { withoutHints } from '../common/routing-hints.ts';
import { toOwnItems } from './own-items.ts';
import type { InputItem } from './response-items.ts';
import type { ResponsesBody } from './response-request.ts';

type Fields = Record<string, unknown>;

/**
 * What a client of the Responses API sent, to be passed on: with all that was said before it in its `input`,
 * since nothing is stored at the provider, as its provider takes it back.
 */
export function passedResponse(given: unknown, earlier: InputItem[]): PassThrough {
  const body = withoutHints(given as Fields);
  const { input } = body;
  if (earlier.length > 0) {
    const own = typeof input === 'string' ? [{ role: 'user', content: input }] : (input as unknown[]);
    body['input'] = [...earlier, ...own];
  }
  // The one search of the web that a body may have is one that is left out.
  if (Array.isArray(body['tools']))
    body['tools'] = body['tools'].filter(({ type }: Fields) => type !== 'web_search');
  if (Array.isArray(body['input'])) body['input'] = toOwnItems(body['input']);
  return { dialect: 'responses', body };
}

/** Under our id: the kind of the item, the response it is of, and where it stands there. */
export function passedItemId(id: unknown, responseId: string, index: number): string {
  const [kind = 'item'] = String(id).split('_');
  return `${kind}_${suffixOf(responseId)}_${index}`;
}

/** The items that a provider answered, under our ids. */
export function passedOutput(body: Fields, responseId: string): Fields[] {
  const output = Array.isArray(body['output']) ? (body['output'] as Fields[]) : [];
  return output.map((item, index) => ({ ...item, id: passedItemId(item['id'], responseId, index) }));
}

/**
 * A response of the provider's own, with every field that it has: changed in the ids, the model, and what the
 * gateway has in its hands. What was asked of reasoning stands there, where the provider says nothing of it.
 */
export function toPassedResponse(body: Fields, known: { id: string; model: string; body: ResponsesBody }) {
  const { previous_response_id = null, background, store, metadata, max_output_tokens = null } = known.body;
  const { effort = null, summary = null } = (body['reasoning'] ?? {}) as Fields;
  const { reasoning: asked } = known.body;
  return {
    ...body,
    id: known.id,
    model: known.model,
    output: passedOutput(body, known.id),
    previous_response_id,
    background: background ?? false,
    store: store ?? true,
    metadata: metadata ?? {},
    max_output_tokens,
    reasoning: {
      ...(body['reasoning'] as Fields | undefined),
      effort: effort ?? asked?.effort ?? null,
      summary: summary ?? asked?.summary ?? null,
    },
  };
}
