/**
 * The request and the result every part of the gateway speaks: OpenAI's chat completions shape, whatever the
 * provider. Field names are the wire's. Only what the gateway can honour is here; intake refuses the rest by
 * name.
 */

/**
 * A provider's own blocks, verbatim; given back to the same provider only (thinking signatures, cache marks,
 * …).
 */
export type ExtraContent = { anthropic?: unknown; google?: unknown; openai?: unknown };

export type TextPart = { type: 'text'; text: string; extra_content?: ExtraContent };
export type ImagePart = {
  type: 'image_url';
  image_url: { url: string; detail?: 'auto' | 'low' | 'high' };
  extra_content?: ExtraContent;
};

/** A document: its bytes as a base64 `data:` URL, or where it is to be had. */
export type FilePart = {
  type: 'file';
  file: { file_data: string; filename?: string } | { file_url: string; filename?: string };
  extra_content?: ExtraContent;
};

/** What a user, or a tool's result, may hold. */
export type Part = TextPart | ImagePart | FilePart;

/**
 * A call of a tool. One of a custom tool is `custom`, and its arguments are `{"input": "…"}`: the free text
 * as the one parameter that a function has for providers without custom tools.
 */
export type ToolCall = {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
  custom?: true;
  extra_content?: ExtraContent;
};

export type Message =
  | {
      role: 'system' | 'developer';
      content: string | TextPart[];
      name?: string;
      extra_content?: ExtraContent;
    }
  | { role: 'user'; content: string | Part[]; name?: string; extra_content?: ExtraContent }
  | {
      role: 'assistant';
      content?: string | TextPart[] | null;
      refusal?: string | null;
      name?: string;
      /** What it thought before it answered, as text for whoever reads along. */
      reasoning_content?: string;
      tool_calls?: ToolCall[];
      extra_content?: ExtraContent;
    }
  | { role: 'tool'; tool_call_id: string; content: string | Part[]; extra_content?: ExtraContent };

/** A tool. A custom one takes free text; `function` is what it is for providers that have functions only. */
export type Tool = {
  type: 'function';
  /** The grammar of a custom tool's text, verbatim; null when it has none. */
  custom?: { format: unknown };
  function: {
    name: string;
    description?: string;
    parameters?: Record<string, unknown>;
    strict?: boolean | null;
  };
  extra_content?: ExtraContent;
};

export type ToolChoice = 'none' | 'auto' | 'required' | { type: 'function'; function: { name: string } };

export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | {
      type: 'json_schema';
      json_schema: {
        name: string;
        description?: string;
        schema?: Record<string, unknown>;
        strict?: boolean | null;
      };
    };

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

/** The wire formats that a surface and a provider may both speak. */
export type Dialect = 'chat' | 'messages' | 'responses';

/**
 * A body, or an answer, in the words of the client's own API, for a provider that speaks them too: it goes
 * through as it is, but for what the gateway owns.
 */
export type PassThrough = { dialect: Dialect; body: Record<string, unknown> };

/** A validated request. `model` is always a resolved `provider/model`. */
export type ChatRequest = {
  model: string;
  /** What the client sent, when every target speaks its dialect. */
  pass_through?: PassThrough;
  messages: Message[];
  max_tokens?: number;
  max_completion_tokens?: number;
  temperature?: number;
  top_p?: number;
  n?: number;
  stop?: string | string[];
  seed?: number;
  presence_penalty?: number;
  frequency_penalty?: number;
  logit_bias?: Record<string, number>;
  logprobs?: boolean;
  top_logprobs?: number;
  reasoning_effort?: ReasoningEffort;
  /** The effort says how much is written, not that there is thinking: Anthropic tells the two apart. */
  effort_alone?: true;
  /** How much it thinks is left to the model: one that cannot does as it is asked. */
  thinking_adaptive?: true;
  /** At most how many tokens it may think; the effort is then only what other providers make of it. */
  thinking_budget_tokens?: number;
  /** Whether Claude shows what it thought; Anthropic's surface alone asks for it. */
  thinking_display?: 'summarized' | 'omitted';
  /** How much of what it thought is shown, in OpenAI's words; only OpenAI's models tell summaries apart. */
  reasoning_summary?: 'auto' | 'concise' | 'detailed';
  /** What it thought is not shown to the client. */
  hide_reasoning?: boolean;
  top_k?: number;
  verbosity?: 'low' | 'medium' | 'high';
  tools?: Tool[];
  tool_choice?: ToolChoice;
  parallel_tool_calls?: boolean;
  response_format?: ResponseFormat;
  /** Hints: passed on where a provider knows them, dropped elsewhere, never a reason to refuse. */
  user?: string;
  safety_identifier?: string;
  prompt_cache_key?: string;
  metadata?: Record<string, string>;
};

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

export type Choice = {
  index: number;
  message: {
    role: 'assistant';
    content: string | null;
    refusal: string | null;
    /** What it thought, where the provider shows it. */
    reasoning_content?: string;
    tool_calls?: ToolCall[];
    /** How many of the calls began before the first text, where it was streamed; none when left out. */
    calls_before_text?: number;
    extra_content?: ExtraContent;
  };
  logprobs: unknown;
  finish_reason: FinishReason;
};

/** The `usage` object of the wire, as OpenAI's SDK reads it. */
export type CompletionUsage = {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number; cache_write_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
};

export type ChatCompletion = {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: Choice[];
  usage?: CompletionUsage;
  /** What the provider answered, in the client's own dialect. */
  pass_through?: PassThrough;
};

/** An event of a provider's stream in the client's own dialect, as it came. */
export type PassedEvent = { dialect: Dialect; event: Record<string, unknown> };

/**
 * One piece of output as it arrives. `choice` is the index among `n`; text is never empty. `thinking` are
 * Anthropic's own blocks that came right before it, verbatim; `extra_content` is what a provider wants back
 * with the call.
 */
export type Delta = { choice: number; thinking?: unknown[] } & (
  | { kind: 'text'; text: string }
  /** Of what it thought, for whoever reads along. */
  | { kind: 'reasoning'; text: string }
  | {
      kind: 'tool_call';
      index: number;
      id?: string;
      name?: string;
      custom?: true;
      arguments: string;
      extra_content?: ExtraContent;
    }
);

/** The status a finished completion ends a response of the Responses API in. */
export function responseStatusOf(completion: ChatCompletion): 'completed' | 'incomplete' {
  const reason = completion.choices[0]?.finish_reason;
  return reason === 'length' || reason === 'content_filter' ? 'incomplete' : 'completed';
}
