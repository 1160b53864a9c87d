import { readJson } from '../../shared/platform/json/read-json.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { isRecord, readField, readText } from './read-field.ts';

type Block = Record<string, unknown>;

/**
 * Puts a message of Anthropic's together from its events, as its SDKs do (`MessageStream` of SDK 1.14), so
 * that a streamed answer is stored as the one that is not streamed: fields that we do not know are kept.
 */
export function createMessageAssembly() {
  let message: Record<string, unknown> | null = null;
  const blocks = new Map<number, Block>();
  const inputs = new Map<number, string>();
  let keptBytes = 0;
  return {
    /** About how much of the answer is held in memory. */
    keptBytes: () => keptBytes,
    add(event: unknown): void {
      const index = Number(readField(event, 'index'));
      switch (readText(event, 'type')) {
        case 'message_start': {
          const started = readField(event, 'message');
          if (isRecord(started)) message = { ...started };
          break;
        }
        case 'content_block_start': {
          const block = readField(event, 'content_block');
          if (isRecord(block)) blocks.set(index, withOwnCitations(block));
          break;
        }
        case 'content_block_delta':
          keptBytes += addDelta(blocks.get(index), readField(event, 'delta'), (json) =>
            inputs.set(index, (inputs.get(index) ?? '') + json),
          );
          break;
        case 'message_delta':
          message = mergeEnd(message, event);
          break;
        default:
      }
    },
    body(): Record<string, unknown> | null {
      if (message === null) return null;
      const content = [...blocks].map(([index, block]) => {
        const input = inputs.get(index);
        return input === undefined ? block : { ...block, input: parseInput(input) };
      });
      return { ...message, content };
    },
  };
}

/** A copy that citations can be added to, without a change of the event. */
function withOwnCitations(block: Block): Block {
  const { citations } = block;
  return Array.isArray(citations) ? { ...block, citations: [...citations] } : { ...block };
}

/** Answers about how many bytes more are kept. */
function addDelta(block: Block | undefined, delta: unknown, addInput: (json: string) => void): number {
  if (block === undefined) return 0;
  if (readText(delta, 'type') === 'citations_delta') {
    const citation = readField(delta, 'citation');
    const known = block['citations'];
    if (Array.isArray(known)) known.push(citation);
    else block['citations'] = [citation];
    return writeJson(citation ?? null).length;
  }
  let added = 0;
  for (const name of ['text', 'thinking', 'signature']) {
    const piece = readText(delta, name);
    if (piece === null) continue;
    block[name] = String(block[name] ?? '') + piece;
    added += piece.length;
  }
  const json = readText(delta, 'partial_json');
  if (json === null) return added;
  addInput(json);
  return added + json.length;
}

/** The end says how it stopped; of the usage, what is null says nothing new. */
function mergeEnd(message: Record<string, unknown> | null, event: unknown): Record<string, unknown> | null {
  const { type: _, delta, usage, ...more } = event as Record<string, unknown>;
  if (message === null) return null;
  const counted = isRecord(usage) ? Object.entries(usage).filter(([, count]) => count !== null) : [];
  const before = isRecord(message['usage']) ? message['usage'] : {};
  return {
    ...message,
    ...(isRecord(delta) ? delta : {}),
    ...more,
    usage: { ...before, ...Object.fromEntries(counted) },
  };
}

/** Arguments that the output bound cut off are no JSON: the input is then empty, as in Anthropic's SDK. */
function parseInput(json: string): unknown {
  try {
    return readJson(json === '' ? '{}' : json);
  } catch {
    return {};
  }
}
