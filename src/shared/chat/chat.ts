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

export type ToolCall = {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
  extra_content?: ExtraContent;
};

export type Message =
  | {
      role: 'system' | 'developer';
      content: string | TextPart[];
      name?: string;
      extra_content?: ExtraContent;
    }
  | { role: 'user'; content: string | (TextPart | ImagePart)[]; name?: string; extra_content?: ExtraContent }
  | {
      role: 'assistant';
      content?: string | TextPart[] | null;
      refusal?: string | null;
      name?: string;
      tool_calls?: ToolCall[];
      extra_content?: ExtraContent;
    }
  | { role: 'tool'; tool_call_id: string; content: string | TextPart[]; extra_content?: ExtraContent };

export type Tool = {
  type: 'function';
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

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh';

/** A validated request. `model` is always a resolved `provider/model`. */
export type ChatRequest = {
  model: string;
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
  /** Whether Claude shows what it thought; Anthropic's surface alone asks for it. */
  thinking_display?: 'summarized' | 'omitted';
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
    tool_calls?: ToolCall[];
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
};

/**
 * One piece of output as it arrives. `choice` is the index among `n`; text is never empty. `thinking` are
 * Anthropic's own blocks that came right before it, verbatim; `extra_content` is what a provider wants back
 * with the call.
 */
export type Delta = { choice: number; thinking?: unknown[] } & (
  | { kind: 'text'; text: string }
  | {
      kind: 'tool_call';
      index: number;
      id?: string;
      name?: string;
      arguments: string;
      extra_content?: ExtraContent;
    }
);

/** The status a finished completion ends a response of the Responses API in. */
export function responseStatusOf(completion: ChatCompletion): 'completed' | 'incomplete' {
  const reason = completion.choices[0]?.finish_reason;
  return reason === 'length' || reason === 'content_filter' ? 'incomplete' : 'completed';
}
