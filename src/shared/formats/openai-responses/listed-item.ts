import { suffixOf } from '../../ids.ts';
import type { InputItem } from './response-items.ts';

type Fields = Record<string, unknown>;

/** What the lists of the API show of an item. */
export type ListedItem = Fields & { id: string };

/**
 * An input item as `GET /v1/responses/{id}/input_items` lists it: with an id and a status, whether it was
 * sent with them or not, and with every field that OpenAI's SDK (7.59 `ResponseItem`) says is there.
 */
export function toListedItem(item: InputItem, responseId: string, index: number): ListedItem {
  const given = item as Fields;
  const id = typeof given['id'] === 'string' ? given['id'] : `item_${suffixOf(responseId)}_${index}`;
  const status = given['status'] ?? 'completed';
  const listed = { ...given, type: given['type'] ?? 'message', id, status };
  const { content, role } = given;
  if (typeof content === 'string') {
    const type = role === 'assistant' ? 'output_text' : 'input_text';
    return { ...listed, content: [toPart({ type, text: content })] };
  }
  if (!Array.isArray(content)) return listed;
  return { ...listed, content: content.map((part: Fields) => toPart(part)) };
}

function toPart(part: Fields): Fields {
  const { type } = part;
  if (type === 'output_text') return { annotations: [], logprobs: [], ...part };
  if (type === 'input_image') return { ...part, detail: part['detail'] ?? 'auto' };
  return part;
}
