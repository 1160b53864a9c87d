/** The wire an upstream speaks; `compatible` is any server with OpenAI's. */
export type UpstreamKind = 'openai' | 'anthropic' | 'google' | 'compatible';

/** What the catalogue says of a model; what it does not say counts as supported. */
export type ModelSupport = { vision?: boolean; tools?: boolean; json_schema?: boolean; reasoning?: boolean };

/**
 * One field that an upstream cannot honour; `param` is its path within the request, such as
 * `messages.0.content.1.image_url`.
 */
export type Refusal = { param: string; message: string };
