import type {
  Tool as AnthropicTool,
  ToolChoice as AnthropicToolChoice,
  MessageCreateParamsNonStreaming,
  TextBlockParam,
} from '@anthropic-ai/sdk/resources/messages';
import type { ChatRequest, Tool } from '../../shared/chat/chat.ts';
import { describeTool } from '../../shared/chat/custom-tools.ts';
import { forcesJsonTool, isJsonMode, jsonModeTool } from '../../shared/chat/json-mode.ts';
import { toAnthropicMessages, toSystemBlocks } from './anthropic-messages.ts';
import { toOutputConfig, toThinking } from './anthropic-thinking.ts';
import type { ProviderCall } from './provider.ts';
import { pickFields } from './read-field.ts';

/** Sampling settings exist only in API versions before 2026-10-21; see `anthropic.ts`. */
export type AnthropicBody = MessageCreateParamsNonStreaming & {
  temperature?: number;
  top_p?: number;
  top_k?: number;
};

/**
 * The body for `POST /v1/messages` (SDK 1.12 `MessageCreateParamsBase`). Intake has refused what has no place
 * in it.
 */
export function toAnthropicRequest(call: ProviderCall): AnthropicBody {
  const { request } = call;
  const system = [...toSystemBlocks(request.messages), ...askForJson(request)];
  const messages = toAnthropicMessages(request.messages, call.model);
  const outputConfig = toOutputConfig(call);
  const thinking = toThinking(call, messages);
  const userId = request.safety_identifier ?? request.user;
  const stop = [request.stop ?? []].flat().filter((sequence) => sequence.trim() !== '');
  return {
    model: call.model,
    max_tokens: call.maxOutputTokens,
    messages,
    ...(system.length > 0 && { system }),
    ...toTools(request),
    ...(stop.length > 0 && { stop_sequences: stop }),
    ...(outputConfig !== null && { output_config: outputConfig }),
    ...(thinking !== null && { thinking }),
    ...(userId !== undefined && { metadata: { user_id: userId } }),
    ...toSampling(request),
  };
}

/** Asked for in words where it cannot be had by a call; the answer is checked to be one. */
function askForJson(request: ChatRequest): TextBlockParam[] {
  if (!isJsonMode(request.response_format) || forcesJsonTool(request)) return [];
  const text =
    'Answer with one JSON object and nothing else: no words around it, and no code fence. Calls of tools are not affected.';
  return [{ type: 'text', text }];
}

type ToolSettings = { tools?: AnthropicTool[]; tool_choice?: AnthropicToolChoice };

/** The free object that JSON mode asks for, as the arguments of a tool that has to be called. */
const jsonTool: AnthropicTool = {
  name: jsonModeTool,
  description: 'Takes your answer: the JSON object that was asked for, as it is.',
  input_schema: { type: 'object', additionalProperties: true },
};

function toTools(request: ChatRequest): ToolSettings {
  if (forcesJsonTool(request)) {
    return { tools: [jsonTool], tool_choice: { type: 'tool', name: jsonModeTool } };
  }
  if (request.tools !== undefined && request.tools.length > 0) {
    return { tools: request.tools.map(toAnthropicTool), tool_choice: toToolChoice(request) };
  }
  return {};
}

type SamplingField = 'temperature' | 'top_p' | 'top_k';

/** 1 is the default of the first two; sent, it would still be refused by models without the fields. */
function toSampling({ temperature, top_p, top_k }: ChatRequest): Pick<ChatRequest, SamplingField> {
  return {
    ...(top_k !== undefined && { top_k }),
    ...(temperature !== undefined && temperature !== 1 && { temperature }),
    ...(top_p !== undefined && top_p !== 1 && { top_p }),
  };
}

function toAnthropicTool(tool: Tool): AnthropicTool {
  const { name, parameters, strict } = tool.function;
  const description = describeTool(tool);
  return {
    ...pickFields(tool.extra_content?.anthropic, ['cache_control']),
    name,
    ...(description !== undefined && { description }),
    input_schema: { ...parameters, type: 'object' },
    ...(strict === true && { strict }),
  };
}

function toToolChoice({ tool_choice: choice, parallel_tool_calls }: ChatRequest): AnthropicToolChoice {
  const single = parallel_tool_calls === false && { disable_parallel_tool_use: true };
  if (choice === 'none') return { type: 'none' };
  if (choice === 'required') return { type: 'any', ...single };
  if (typeof choice === 'object') return { type: 'tool', name: choice.function.name, ...single };
  return { type: 'auto', ...single };
}
