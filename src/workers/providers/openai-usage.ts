import { checkUsage, isCount, type Usage } from '../../shared/chat/usage.ts';
import { isRecord, readField, readList } from './read-field.ts';

type Reported = Record<string, unknown>;

/**
 * The `usage` of a body or a chunk, wherever servers with OpenAI's wire put it: at the top (OpenAI), beside
 * the last choice (Moonshot), under `x_groq` (Groq), or as Ollama's own counts. Null when there is none.
 */
export function findOpenaiUsage(body: unknown): Reported | null {
  // A proxy may put an empty one at the top and leave the server's own where it was.
  const top = unlessBlank(readField(body, 'usage')) ?? unlessBlank(readField(body, 'x_groq', 'usage'));
  if (top !== null) return top;
  for (const choice of readList(body, 'choices')) {
    const beside = unlessBlank(readField(choice, 'usage'));
    if (beside !== null) return beside;
  }
  return isCount(readField(body, 'eval_count')) ? unlessBlank(body) : null;
}

/** No prompt is without tokens: a server that counts in its last chunk only fills the others with noughts. */
function unlessBlank(reported: unknown): Reported | null {
  return isRecord(reported) && countNames.some((name) => reported[name]) ? reported : null;
}

const inputNames = ['prompt_tokens', 'input_tokens', 'prompt_eval_count'];
const outputNames = ['completion_tokens', 'output_tokens', 'eval_count'];
const countNames = [...inputNames, ...outputNames];

/**
 * Usage in the words of any server with OpenAI's wire; null when missing or not to be trusted. Sources: the
 * API references of OpenAI (chat and responses), xAI, DeepSeek, Moonshot, Groq, Perplexity, Together,
 * OpenRouter, vLLM, LiteLLM and Ollama.
 */
export function readOpenaiUsage(reported: unknown): Usage | null {
  if (!isRecord(reported)) return null;
  const cached = readCached(reported);
  const written = readWritten(reported);
  const reasoning = readReasoning(reported);
  const input = firstCount(reported, inputNames);
  const output = firstCount(reported, outputNames);
  const total = firstCount(reported, ['total_tokens']);
  const isWhole = [input, output, cached, written, reasoning.tokens].every(isCount);
  const { beside, hidden } = isWhole
    ? countsBeside(reported, {
        input: Number(input),
        output: Number(output),
        total: isCount(total) ? total : null,
        cached: Number(cached) + Number(written),
        reasoning: Number(reasoning.tokens),
        isReasoningBeside: reasoning.isBeside,
      })
    : { beside: 0, hidden: 0 };
  return checkUsage({
    promptTokens: isWhole ? Number(input) + beside : input,
    completionTokens: isWhole ? Number(output) + hidden : output,
    cachedTokens: cached,
    cacheWriteTokens: written,
    reasoningTokens: Math.max(Number(reasoning.tokens), hidden),
  });
}

type Counts = {
  input: number;
  output: number;
  total: number | null;
  /** Read from the cache and written to it. */
  cached: number;
  reasoning: number;
  isReasoningBeside: boolean;
};

/**
 * What was counted beside the prompt and beside the completion instead of in them, which only the total
 * tells: reasoning at xAI, at Google's own OpenAI-compatible endpoint without a name, cached tokens where a
 * proxy passes Anthropic's counts on. Perplexity leaves reasoning out of the total, and names it at the top.
 * Without a total, more reasoning than completion stands beside it.
 */
function countsBeside(reported: Reported, counts: Counts): { beside: number; hidden: number } {
  const { input, output, total, cached, reasoning } = counts;
  const unnamed = total === null ? 0 : total - input - output;
  if (unnamed <= 0) {
    const isAnthropics =
      total === null && 'input_tokens' in reported && 'cache_read_input_tokens' in reported;
    const isLeftOut = (counts.isReasoningBeside || total === null) && reasoning > output;
    return { beside: isAnthropics ? cached : 0, hidden: isLeftOut ? reasoning : 0 };
  }
  if (unnamed === reasoning) return { beside: 0, hidden: reasoning };
  if (cached > 0 && unnamed === cached) return { beside: cached, hidden: 0 };
  if (cached > 0 && unnamed === cached + reasoning) return { beside: cached, hidden: reasoning };
  return { beside: 0, hidden: unnamed };
}

/** Servers that fill OpenAI's field with a nought say beside it, in their own words, what was read. */
function readCached(reported: Reported): unknown {
  const inside = detail(reported, ['prompt_tokens_details', 'input_tokens_details'], ['cached_tokens']);
  const beside = firstCount(reported, [
    'prompt_cache_hit_tokens',
    'cached_tokens',
    'cache_read_input_tokens',
    'num_cached_tokens',
  ]);
  return inside === 0 ? (beside ?? 0) : (inside ?? beside ?? 0);
}

function readWritten(reported: Reported): unknown {
  const names = ['cache_write_tokens', 'cache_creation_tokens', 'cache_creation_input_tokens'];
  return (
    detail(reported, ['prompt_tokens_details', 'input_tokens_details'], names) ??
    firstCount(reported, ['cache_creation_input_tokens', 'cache_write_tokens']) ??
    0
  );
}

function readReasoning(reported: Reported): { tokens: unknown; isBeside: boolean } {
  const groups = ['completion_tokens_details', 'output_tokens_details'];
  const inside = detail(reported, groups, ['reasoning_tokens', 'thinking_tokens']);
  const atTop = firstCount(reported, ['reasoning_tokens']);
  return { tokens: inside ?? atTop ?? 0, isBeside: inside === undefined && atTop !== undefined };
}

function detail(reported: Reported, groups: string[], names: string[]): unknown {
  for (const group of groups) {
    const details = reported[group];
    const found = isRecord(details) ? firstCount(details, names) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first of these that is reported at all, be it nonsense; some servers write their numbers as text. */
function firstCount(reported: Reported, names: string[]): unknown {
  const name = names.find((one) => reported[one] !== undefined && reported[one] !== null);
  const found = name === undefined ? undefined : reported[name];
  return typeof found === 'string' && /^\d{1,12}$/.test(found) ? Number(found) : found;
}
