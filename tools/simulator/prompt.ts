/** A provider whose wire the simulator speaks. */
export type WireName = 'openai' | 'anthropic' | 'google';

/** What a request asks for, whatever its wire. */
export type Prompt = {
  provider: WireName;
  model: string;
  /** Text of the last user message; every answer repeats it unchanged. */
  lastUser: string;
  /** All text that counts as input: messages, tools and schemas. */
  inputText: string;
  messages: number;
  images: number;
  /** Texts of all tool results, in their order. */
  results: string[];
  /** Output allowed per choice. */
  maxTokens: number;
  stop: string[];
  n: number;
  tools: { name: string; schema: unknown; isCustom?: boolean }[];
  /** A tool's name, `*` for any, or null when the model may answer in words. */
  forcedTool: string | null;
  /** The model may call a tool by itself: none is forced or forbidden, and no result was just given. */
  mayCall: boolean;
  /** Schema of a JSON answer, `{}` for any object, null for words. */
  answerSchema: unknown;
  stream: boolean;
  includeUsage: boolean;
  /** What is to be shown of reasoning, where the wire lets a client choose. */
  thinking?: { isEncrypted: boolean; hasSummary: boolean };
};

/** Thrown while reading a request that the real provider would refuse. */
export class BadRequest extends Error {
  readonly status: number;
  readonly code: string | null;

  constructor(
    message: string,
    { status = 400, code = null }: { status?: number; code?: string | null } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * A number from a marker such as `[[latency:200]]` in the last user message. Known: latency, chunk_delay
 * (ms), cached, cache_write, cache_write_hour, reasoning, length (tokens), calls (parallel tool calls).
 */
export function readMarker(text: string, name: string): number | null {
  if (!text.includes('[[')) return null;
  const match = new RegExp(`\\[\\[${name}:(\\d{1,9})\\]\\]`).exec(text);
  return match === null ? null : Number(match[1]);
}

/**
 * The tools that `[[call:name]]` in the last user message asks for, in their order, and after a space the
 * arguments: JSON, or the text of a custom tool. Null where they are to be made up.
 */
export function readCalls(text: string): { name: string; args: string | null }[] {
  const found = text.matchAll(/\[\[call:([^\s\]]+)(?:\s([\s\S]*?))?\]\]/g);
  return [...found].map(([, name = '', args]) => ({ name, args: args ?? null }));
}

/** The text of message content, be it a string or a list of parts. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { text?: unknown }) => (typeof part.text === 'string' ? part.text : '')).join('');
}
