import type { MessageParam } from '@anthropic-ai/sdk/resources/messages';
import { takesLateInstructions } from '../../shared/catalogue/model-traits.ts';
import type { AnthropicBody } from './anthropic-request.ts';
import { lacksThinking } from './anthropic-thinking.ts';
import { foldInstruction } from './foreign-history.ts';
import type { ProviderCall } from './provider.ts';
import { readList, readText } from './read-field.ts';

/** The version that clients of Anthropic's API without one speak. */
const plainVersion = '2023-06-01';

/**
 * The client's own body for Anthropic, when it goes through: changed in the model, the output bound and the
 * service tier, which the gateway owns, and in what this model would refuse of a conversation that others had
 * a part in; with the headers that say how it is meant. Null for a call that is translated.
 */
export function passedMessageOf(
  call: ProviderCall,
): { body: AnthropicBody; headers: Record<string, string> } | null {
  const { pass_through: passed } = call.request;
  if (passed?.dialect !== 'messages') return null;
  const { anthropic_version: version, anthropic_beta: beta, service_tier: _, ...own } = passed.body;
  const messages = foldLate(own['messages'] as MessageParam[], call.model);
  const body = { ...withFitThinking(own, messages), messages };
  return {
    body: { ...body, model: call.model, max_tokens: call.maxOutputTokens } as unknown as AnthropicBody,
    headers: {
      'anthropic-version': typeof version === 'string' ? version : plainVersion,
      ...(typeof beta === 'string' && { 'anthropic-beta': beta }),
    },
  };
}

/** Instructions between turns are said by the user where the model takes none. */
function foldLate(messages: MessageParam[], model: string): MessageParam[] {
  return messages.map((turn, index): MessageParam => {
    if (turn.role !== 'system' || (takesLateInstructions(model) && endsTurn(messages, index))) return turn;
    const texts =
      typeof turn.content === 'string'
        ? [turn.content]
        : turn.content.map((block) => readText(block, 'text') ?? '');
    return { role: 'user', content: [{ type: 'text', text: foldInstruction(texts.join('')) }] };
  });
}

/** Anthropic takes an instruction after a turn of the user's, with nothing more of the user's behind it. */
function endsTurn(messages: MessageParam[], index: number): boolean {
  const next = messages[index + 1]?.role;
  return messages[index - 1]?.role === 'user' && (next === undefined || next === 'assistant');
}

/**
 * With a budget, calls that have lost their thinking are gone on from without it, and so is what clears it
 * from the context, which the API takes beside it only.
 */
function withFitThinking(body: Record<string, unknown>, messages: MessageParam[]): Record<string, unknown> {
  if (readText(body['thinking'], 'type') !== 'enabled' || !lacksThinking(messages)) return body;
  const { thinking: _, ...rest } = body;
  const edits = readList(body['context_management'], 'edits');
  const kept = edits.filter((edit) => !/^clear_thinking/.test(readText(edit, 'type') ?? ''));
  if (kept.length === edits.length) return rest;
  return { ...rest, context_management: { ...(body['context_management'] as object), edits: kept } };
}
