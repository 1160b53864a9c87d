import type { ModelEntry, TokenizerFamily } from '../catalogue/model.ts';
import type { ChatRequest } from '../chat/chat.ts';
import { imageTokens } from './image-tokens.ts';
import { measureRequest, type RequestMeasure } from './request-measure.ts';
import { emptyMeasure, measureText, type TextMeasure } from './text-tokens.ts';

type Family = {
  /**
   * Our count × this is the bound. At least 1.35: the worst our count was under o200k_base, in hostile text,
   * is 26 %.
   */
  safety: number;
  /** Digits a tokenizer may take one at a time (Gemini's does). */
  singleDigits: boolean;
  /** A byte-level tokenizer never makes more tokens than the text has UTF-8 bytes. */
  byteLevel: boolean;
  /** Tokens the provider adds itself: for any request, for having tools at all, for a response schema. */
  added: { request: number; tools: number; schema: number };
};

/**
 * OpenAI's is measured. The others have no tokenizer to measure offline: Anthropic's older one makes up to 30
 * % more tokens than o200k_base of code, its newer one 30 % more again; the unknown are treated as the worst
 * known.
 */
const families: Record<TokenizerFamily, Family> = {
  openai: {
    safety: 1.35,
    singleDigits: false,
    byteLevel: true,
    added: { request: 32, tools: 64, schema: 64 },
  },
  anthropic: {
    safety: 1.6,
    singleDigits: true,
    byteLevel: false,
    added: { request: 48, tools: 1000, schema: 600 },
  },
  'anthropic-newer': {
    safety: 2,
    singleDigits: true,
    byteLevel: false,
    added: { request: 48, tools: 1000, schema: 600 },
  },
  google: {
    safety: 1.5,
    singleDigits: true,
    byteLevel: false,
    added: { request: 32, tools: 200, schema: 64 },
  },
  unknown: {
    safety: 2,
    singleDigits: true,
    byteLevel: false,
    added: { request: 64, tools: 400, schema: 200 },
  },
};

/** Two pages of a PDF at the most that Anthropic names for one: 3,000 of text, and a picture of 1,500. */
const likelyDocumentTokens = 9000;
const perMessage = 8;
const perToolCall = 16;
const perTool = 32;

/** Our plain count of a text, without safety: within -5 % and +40 % of o200k_base on ordinary documents. */
function plainTextTokens(text: TextMeasure, family: Family): number {
  return text.tokens + (family.singleDigits ? text.digits : text.digitGroups);
}

function framingTokens(measure: RequestMeasure, family: Family): number {
  return (
    family.added.request +
    measure.messages * perMessage +
    measure.toolCalls * perToolCall +
    (measure.tools > 0 ? family.added.tools + measure.tools * perTool : 0) +
    (measure.schema ? family.added.schema : 0)
  );
}

/**
 * The framing as it is when nothing is unusual: three tokens a request, four a message, a third of what tools
 * and schemas may add.
 */
function likelyFramingTokens(measure: RequestMeasure, family: Family): number {
  const tools = measure.tools > 0 ? family.added.tools / 3 + measure.tools * (perTool / 2) : 0;
  const schema = measure.schema ? family.added.schema / 3 : 0;
  return 3 + measure.messages * 4 + measure.toolCalls * (perToolCall / 2) + tools + schema;
}

/** What is known of a prompt's size before a provider counts it. */
export type InputBound = {
  /** The prompt has at most this many tokens, images included: what a hold is computed with. */
  tokens: number;
  /**
   * Our count of the prompt, images included: what is charged for input that nobody reported. Never more than
   * `tokens`.
   */
  likelyTokens: number;
  /** Our best guess at the prompt without images: for deciding whether it can fit, never for money held. */
  likelyTextTokens: number;
};

/**
 * Bounds the prompt `measure` makes for `model`, in tokens: count × the family's safety factor + framing +
 * images. Text alone is never taken for more than the model can read, since a longer prompt is refused there
 * and costs nothing.
 */
export function boundMeasured(measure: RequestMeasure, model: ModelEntry): InputBound {
  const family = families[model.tokenizer];
  const plain = plainTextTokens(measure.text, family);
  const widened = Math.ceil(plain * family.safety);
  const text = family.byteLevel ? Math.min(widened, measure.text.utf8Bytes) : widened;
  const framing = framingTokens(measure, family);
  const images = measure.images.reduce(
    (sum, image) => sum + imageTokens(model.imageTokens, image.size, image.detail),
    0,
  );
  // Pages may be written in ways that only their reader unpacks, so a document may fill all a model reads.
  const read = measure.documents > 0 ? model.maxInputTokens : Math.min(text + framing, model.maxInputTokens);
  const tokens = read + images;
  const documents = measure.documents * likelyDocumentTokens;
  const likelyTokens = Math.ceil(plain + likelyFramingTokens(measure, family)) + images + documents;
  return {
    tokens,
    likelyTokens: Math.min(tokens, likelyTokens),
    likelyTextTokens: Math.ceil(plain + framing),
  };
}

/** At most how many prompt tokens `request` is for `model`. Linear in the size of the request. */
export function boundInputTokens(request: ChatRequest, model: ModelEntry): number {
  return boundMeasured(measureRequest(request), model).tokens;
}

/** Our plain count of an output text, safety factor 1: what a cut answer is charged by. Zero for no text. */
export function countOutputTokens(text: string, model: Pick<ModelEntry, 'tokenizer'>): number {
  const measure = emptyMeasure();
  measureText(text, measure);
  return Math.ceil(plainTextTokens(measure, families[model.tokenizer]));
}
