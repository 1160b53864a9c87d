import type {
  FunctionCallingConfigMode,
  GenerateContentConfig,
  GenerateContentParameters,
  Tool as GoogleTool,
  ThinkingConfig,
  ThinkingLevel,
  ToolConfig,
} from '@google/genai';
import { alwaysThinks, isBudgetGemini, thinksMinimally } from '../../shared/catalogue/model-traits.ts';
import type { ChatRequest, ReasoningEffort, Tool } from '../../shared/chat/chat.ts';
import { describeTool } from '../../shared/chat/custom-tools.ts';
import { toGoogleContents, toSystemInstruction } from './google-contents.ts';
import type { ProviderCall } from './provider.ts';

/** Parameters for `models.generateContent` (SDK 2.32 `GenerateContentConfig`), without the transport. */
export function toGoogleRequest(call: ProviderCall): GenerateContentParameters {
  const { request } = call;
  const system = toSystemInstruction(request.messages);
  const config: GenerateContentConfig = {
    ...toSampling(request),
    ...toFormat(request),
    ...toTools(request),
    maxOutputTokens: call.maxOutputTokens,
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    ...toThinking(call),
    // Both would make the SDK send requests of its own that nobody has reserved money for.
    automaticContinuation: false,
    automaticFunctionCalling: { disable: true },
  };
  return { model: call.model, contents: toGoogleContents(request.messages, call.model), config };
}

function toSampling(request: ChatRequest): GenerateContentConfig {
  const stop = [request.stop ?? []].flat();
  return {
    ...(request.temperature !== undefined && { temperature: request.temperature }),
    ...(request.top_p !== undefined && { topP: request.top_p }),
    ...(request.top_k !== undefined && { topK: request.top_k }),
    ...(request.n !== undefined && request.n > 1 && { candidateCount: request.n }),
    ...(request.seed !== undefined && { seed: request.seed }),
    ...(request.presence_penalty ? { presencePenalty: request.presence_penalty } : {}),
    ...(request.frequency_penalty ? { frequencyPenalty: request.frequency_penalty } : {}),
    ...(stop.length > 0 && { stopSequences: stop }),
    ...(request.logprobs === true && { responseLogprobs: true }),
    ...(request.logprobs === true && request.top_logprobs ? { logprobs: request.top_logprobs } : {}),
  };
}

function toFormat({ response_format: format }: ChatRequest): GenerateContentConfig {
  if (format === undefined || format.type === 'text') return {};
  if (format.type === 'json_object') return { responseMimeType: 'application/json' };
  const { schema } = format.json_schema;
  return {
    responseMimeType: 'application/json',
    ...(schema !== undefined && { responseJsonSchema: schema }),
  };
}

function toTools(request: ChatRequest): { tools?: GoogleTool[]; toolConfig?: ToolConfig } {
  const { tools, tool_choice: choice } = request;
  if (tools === undefined || tools.length === 0) return {};
  return {
    tools: [{ functionDeclarations: tools.map(toDeclaration) }],
    toolConfig: { functionCallingConfig: toCallingConfig(tools, choice) },
  };
}

function toDeclaration(tool: Tool) {
  const { name, parameters } = tool.function;
  const description = describeTool(tool);
  return {
    name,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parametersJsonSchema: parameters }),
  };
}

/** The SDK's words, without the SDK: a value of its own would load all of it. */
const asMode = (mode: `${FunctionCallingConfigMode}`) => mode as FunctionCallingConfigMode;

function toCallingConfig(tools: Tool[], choice: ChatRequest['tool_choice']) {
  if (choice === 'none') return { mode: asMode('NONE') };
  if (choice === 'required') return { mode: asMode('ANY') };
  if (typeof choice === 'object') {
    return { mode: asMode('ANY'), allowedFunctionNames: [choice.function.name] };
  }
  // `strict` on a tool asks for arguments that fit its schema; for Gemini that is a mode of all tools.
  const isStrict = tools.some((tool) => tool.function.strict === true);
  return { mode: asMode(isStrict ? 'VALIDATED' : 'AUTO') };
}

/** The figures of Google's own OpenAI-compatible endpoint. */
const budgets: Record<Exclude<ReasoningEffort, 'none'>, number> = {
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};

const levels: Record<Exclude<ReasoningEffort, 'none'>, `${ThinkingLevel}`> = {
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
  max: 'HIGH',
};

/**
 * Thinking comes out of `maxOutputTokens`, so a budget takes at most three quarters of it; one that was given
 * is kept.
 */
function toThinking(call: ProviderCall): { thinkingConfig?: ThinkingConfig } {
  const { reasoning_effort: effort, thinking_budget_tokens: budget } = call.request;
  if (effort === undefined) return {};
  if (effort === 'none') return alwaysThinks(call.model) ? {} : { thinkingConfig: { thinkingBudget: 0 } };
  const shown = showsThoughts(call.request) && { includeThoughts: true };
  if (!isBudgetGemini(call.model)) {
    const isLess = effort === 'minimal' && !thinksMinimally(call.model);
    const level = isLess ? 'LOW' : levels[effort];
    return { thinkingConfig: { thinkingLevel: level as ThinkingLevel, ...shown } };
  }
  const roomTokens = Math.floor(call.maxOutputTokens * 0.75);
  const thinkingBudget = Math.min(budget ?? budgets[effort], roomTokens);
  return { thinkingConfig: { thinkingBudget, ...shown } };
}

/** Who asks it to think is shown a summary of it, which costs nothing more. */
function showsThoughts({ hide_reasoning, thinking_display }: ChatRequest): boolean {
  return hide_reasoning !== true && thinking_display !== 'omitted';
}
