import { createdSeconds, type ListedModel, toModelObject } from './model-object.ts';

const can = (supported: boolean) => ({ supported });

/** Claude's lines, which its SDK has as words. */
const line = /claude-(?:.*-)?(haiku|sonnet|opus|fable|mythos)\b/;

/**
 * A model as Anthropic's SDK reads it (1.14 `ModelInfo`), whoever its provider is, with our `gateway` beside.
 * What is listed can be used: a model that its provider retired is taken out of the catalogue.
 */
export function toAnthropicModel(found: { model: ListedModel; simulated: boolean }) {
  const { model } = found;
  const name = model.id.slice(model.id.indexOf('/') + 1);
  return {
    type: 'model' as const,
    id: model.id,
    display_name: name,
    created_at: new Date(createdSeconds * 1000).toISOString(),
    capabilities: toCapabilities(model),
    lifecycle: 'active' as const,
    line: line.exec(name)?.[1] ?? null,
    deprecated_at: null,
    retires_at: null,
    max_input_tokens: model.maxInputTokens,
    max_tokens: model.maxOutputTokens,
    gateway: toModelObject(found).gateway,
  };
}

/** What can be asked of a model here; `false` also for what the gateway does not pass on. */
function toCapabilities({ supports: { vision, json_schema: schema, reasoning } }: ListedModel) {
  const no = can(false);
  const thinks = can(reasoning);
  return {
    batch: can(true),
    citations: no,
    code_execution: no,
    context_management: {
      ...no,
      clear_thinking_20251015: null,
      clear_tool_uses_20250919: null,
      compact_20260112: null,
    },
    effort: { ...thinks, low: thinks, medium: thinks, high: thinks, xhigh: thinks, max: thinks },
    image_input: can(vision),
    pdf_input: no,
    server_tools: { ...no, code_execution: no, web_search: no },
    structured_outputs: can(schema),
    thinking: {
      ...thinks,
      types: { adaptive: thinks, between_tools: thinks, disabled: can(true), enabled: thinks },
    },
  };
}
