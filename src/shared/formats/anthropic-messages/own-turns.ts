import { createFitIds, type FitIds } from '../../chat/fit-ids.ts';
import { without } from '../common/without.ts';

type Fields = Record<string, unknown>;

/**
 * Ids that other models made, such as `functions.look:0`, in the letters that Anthropic takes (SDK 1.14:
 * `^[a-zA-Z0-9_-]+$`).
 */
export function toClaudeCallId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '_');
}

/**
 * The turns of a client of Anthropic's, as Anthropic takes them back: without what another provider left in
 * its answers (state, thinking that Claude has not signed, texts of white space), without thinking that
 * nothing came of, and with ids of calls that it takes, each of one call. All else stays as it is.
 */
export function toOwnTurns(turns: Fields[]): Fields[] {
  const ids = createFitIds(toClaudeCallId);
  return turns.flatMap((turn) => {
    const { content } = turn;
    if (!Array.isArray(content)) return [turn];
    const own = turn['role'] === 'assistant' ? toOwnAnswer(content, ids) : toOwnResults(content, ids);
    if (own.length === content.length && own.every((block, index) => block === content[index])) return [turn];
    return own.length === 0 ? [] : [{ ...turn, content: own }];
  });
}

function toOwnAnswer(blocks: Fields[], ids: FitIds): Fields[] {
  const kept = takenBack(blocks);
  const isCall = ({ type, id }: Fields) => type === 'tool_use' && typeof id === 'string';
  const own = ids.ofCalls(kept.filter(isCall).map(({ id }) => String(id)));
  return kept.map((block) => without(isCall(block) ? withField(block, 'id', own.shift()) : block, ours));
}

/** The state of other providers in a block. */
const ours = ['extra_content'];

/**
 * The blocks of an answer that Claude takes back: no text of white space, no thinking that it has not signed,
 * none that nothing came of ("The final block in an assistant message cannot be `thinking`").
 */
export function takenBack(blocks: Fields[]): Fields[] {
  const taken = blocks.filter(isTakenBack);
  return taken.slice(0, taken.findLastIndex(({ type }) => !/thinking$/.test(String(type))) + 1);
}

function isTakenBack({ type, text, signature }: Fields): boolean {
  if (type === 'text') return typeof text !== 'string' || text.trim() !== '';
  return type !== 'thinking' || Boolean(signature);
}

function toOwnResults(blocks: Fields[], ids: FitIds): Fields[] {
  return blocks.map((block) => {
    const { type, tool_use_id: id } = block;
    if (type !== 'tool_result' || typeof id !== 'string') return block;
    return withField(block, 'tool_use_id', ids.ofResult(id));
  });
}

/** The block itself where it has this value already. */
const withField = (block: Fields, name: string, value: unknown) =>
  block[name] === value ? block : { ...block, [name]: value };
