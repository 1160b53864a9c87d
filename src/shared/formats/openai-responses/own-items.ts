import { createHash } from 'node:crypto';
import { createFitIds } from '../../chat/fit-ids.ts';
import { without } from '../common/without.ts';
import { jobOfItem } from './item-owner.ts';

type Fields = Record<string, unknown>;

const callIdLengthMax = 64;

/** Other providers' ids may be longer than OpenAI takes (`string_above_max_length`, openai/codex 14355). */
export function toResponseCallId(id: string): string {
  if (id.length <= callIdLengthMax) return id;
  return `call_${createHash('sha256').update(id).digest('hex').slice(0, 40)}`;
}

/**
 * The items of a client of the Responses API, as OpenAI takes them back: without the ids that are ours and
 * the state of other providers, without reasoning that it cannot read (that of others, of which we have shown
 * a summary) or that nothing came of, and with ids of calls that it takes. All else stays as it is.
 */
export function toOwnItems(items: Fields[]): Fields[] {
  const readable = items.filter((item) => !isOurReasoning(item));
  return withFitCallIds(withoutLooseReasoning(readable).map(toOwnItem));
}

const isOurReasoning = ({ type, id, encrypted_content: encrypted }: Fields) =>
  type === 'reasoning' && typeof encrypted !== 'string' && (id === undefined || jobOfItem(id) !== null);

/** Reasoning leads to something that the model said or called (vercel/ai 7099, continuedev/continue 8933). */
function withoutLooseReasoning(items: Fields[]): Fields[] {
  let isAnswer = false;
  const kept = items.toReversed().filter((item) => {
    if (item['type'] === 'reasoning') return isAnswer;
    isAnswer = item['role'] === 'assistant' || /_call$/.test(String(item['type']));
    return true;
  });
  return kept.reverse();
}

/** What is no field of OpenAI's: our state, and what its own SDK has parsed (openai/openai-python 3008). */
const foreignFields = ['extra_content', 'parsed_arguments', 'parsed'];

function toOwnItem(item: Fields): Fields {
  const own = without(item, jobOfItem(item['id']) === null ? foreignFields : [...foreignFields, 'id']);
  const { content } = own;
  if (!Array.isArray(content)) return own;
  const parts = (content as Fields[]).map((part) => without(part, foreignFields));
  return parts.every((part, index) => part === content[index]) ? own : { ...own, content: parts };
}

/** Calls without an output between are those of one turn. */
function withFitCallIds(items: Fields[]): Fields[] {
  const ids = createFitIds(toResponseCallId);
  let own: string[] = [];
  let isOpen = false;
  return items.map((item, index) => {
    const { type, call_id: id } = item;
    if (typeof id !== 'string') return item;
    const isOutput = /_output$/.test(String(type));
    if (!isOutput && !isOpen) own = ids.ofCalls(callIdsFrom(items, index));
    isOpen = !isOutput;
    const fit = isOutput ? ids.ofResult(id) : own.shift();
    return fit === id ? item : { ...item, call_id: fit };
  });
}

function callIdsFrom(items: Fields[], start: number): string[] {
  const ids: string[] = [];
  for (let at = start; at < items.length; at += 1) {
    const { type, call_id: id } = items[at] ?? {};
    if (/_output$/.test(String(type))) break;
    if (typeof id === 'string') ids.push(id);
  }
  return ids;
}
