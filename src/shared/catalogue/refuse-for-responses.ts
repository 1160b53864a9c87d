import type { ChatRequest } from '../chat/chat.ts';
import type { OpenaiApi } from './model.ts';
import type { Refusal } from './refusal.ts';

/**
 * What a model cannot be asked for on OpenAI's Responses API: settings that chat completions have and
 * `ResponseCreateParams` has no field for. `seed` is a hint and goes unsaid.
 */
export function refuseForResponses(request: ChatRequest, api: OpenaiApi | undefined): Refusal[] {
  if (api !== 'responses') return [];
  const stops = [request.stop ?? []].flat();
  const checks: [isRefused: boolean, param: string, message: string][] = [
    [(request.n ?? 1) > 1, 'n', 'OpenAI gives one choice only for this model'],
    [(request.presence_penalty ?? 0) !== 0, 'presence_penalty', 'this model has no penalties'],
    [(request.frequency_penalty ?? 0) !== 0, 'frequency_penalty', 'this model has no penalties'],
    [Object.keys(request.logit_bias ?? {}).length > 0, 'logit_bias', 'this model has no logit bias'],
    [stops.length > 0, 'stop', 'OpenAI takes no stop sequences for this model'],
  ];
  return checks.filter(([isRefused]) => isRefused).map(([, param, message]) => ({ param, message }));
}
