import assert from 'node:assert/strict';
import { responseSchema } from '../../../src/api/openapi/schemas/response.ts';
import { responseStatusOf } from '../../../src/shared/chat/chat.ts';
import type { EarlierTurn } from '../../../src/shared/formats/openai-responses/earlier-items.ts';
import { createResponseEvents } from '../../../src/shared/formats/openai-responses/response-events.ts';
import {
  type ResponseFacts,
  toResponse,
} from '../../../src/shared/formats/openai-responses/response-object.ts';
import type { ResponsesBody } from '../../../src/shared/formats/openai-responses/response-request.ts';
import { responseIdOf } from '../../../src/shared/ids.ts';
import type { Asked, Shown } from '../spoken.ts';
import { type Client, customName, type Fields, functions, type Job, type Understood } from './client.ts';
import { fromResponseEvents } from './response-event-check.ts';

/** How a client of the Responses API goes on: with all items, with references to them, or from a response. */
export type GoesOn = 'items' | 'known items' | 'references' | 'previous';

const tools = [
  ...functions.map((called) => ({ type: 'function', ...called, strict: false })),
  { type: 'custom', name: customName },
];

export function createResponsesClient(goesOn: GoesOn): Client {
  const items: Fields[] = [];
  const turns: EarlierTurn[] = [];
  let open: { id: string; isCustom: boolean }[] = [];
  let fresh: Fields[] = [];
  const previous = () => (goesOn === 'previous' ? turns.at(-1) : undefined);
  return {
    kind: 'response',
    stored: () => ({
      ...(goesOn === 'references' && { referenced: turns }),
      ...(previous() !== undefined && { earlier: turns }),
    }),
    ask(asked, { model, stream, effort, hasTools }) {
      fresh = toItems(asked, open);
      items.push(...fresh);
      const last = previous();
      return {
        model,
        input: last === undefined ? [...items] : fresh,
        ...(last !== undefined && { previous_response_id: responseIdOf(last.jobId) }),
        ...(hasTools && { tools }),
        ...(stream && { stream }),
        ...(effort !== null && { reasoning: { effort, summary: 'auto' } }),
      };
    },
    whole: (completion, job, body) =>
      toResponse({
        ...factsOf(job, body),
        completion,
        status: responseStatusOf(completion),
        completedAt: job.createdAt,
      }),
    encoder(job, body) {
      const events = createResponseEvents(factsOf(job, body));
      return {
        started: () => [...events.created(), ...events.started()],
        delta: (delta) => events.delta(delta),
        passed: (event) => events.passed(event),
        ended: (completion) => events.completed(completion, job.createdAt),
      };
    },
    take({ whole, events, turn }) {
      responseSchema.parse(whole);
      const output = events === null ? (whole['output'] as Fields[]) : fromResponseEvents(events, whole);
      const ids = output.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length, 'items share an id');
      items.push(...output.flatMap((item) => kept(item, goesOn)));
      turns.push(turn);
      const understood = understand(output, whole['usage'] as Fields);
      open = understood.calls.map(({ id, name }) => ({ id, isCustom: name === customName }));
      return understood;
    },
  };
}

function factsOf({ id, createdAt, model }: Job, body: Fields): ResponseFacts {
  return {
    id: responseIdOf(id),
    createdAt,
    completedAt: null,
    model,
    status: 'in_progress',
    error: null,
    completion: null,
    body: body as ResponsesBody,
  };
}

/** What a client keeps of an item that it was answered. */
function kept(item: Fields, goesOn: GoesOn): Fields[] {
  if (goesOn === 'references') return [{ type: 'item_reference', id: item['id'] }];
  if (goesOn !== 'known items') return [item];
  const { type, role, call_id, name, input, arguments: text } = item;
  if (type === 'message') {
    const content = (item['content'] as Fields[]).map(({ type: kind, text: words, refusal }) =>
      kind === 'refusal' ? { type: kind, refusal } : { type: kind, text: words },
    );
    return [{ role, content }];
  }
  if (type === 'function_call') return [{ type, call_id, name, arguments: text }];
  return type === 'custom_tool_call' ? [{ type, call_id, name, input }] : [];
}

function toItems(asked: Asked, open: { id: string; isCustom: boolean }[]): Fields[] {
  const { opening, instruction, results, shown, isPlain, addition } = asked;
  return [
    ...(opening === null ? [] : [{ role: 'system', content: opening.value }]),
    ...results.map((result): Fields => {
      const call = open[result.call];
      return {
        type: call?.isCustom ? 'custom_tool_call_output' : 'function_call_output',
        call_id: call?.id,
        output: toContent(result.shown, result.isPlain),
      };
    }),
    ...(instruction === null ? [] : [{ role: 'developer', content: instruction.value }]),
    ...(shown.length === 0 ? [] : [{ role: 'user', content: toContent(shown, isPlain) }]),
    ...(addition === null ? [] : [{ type: 'message', role: 'user', content: toContent([addition], false) }]),
  ];
}

function toContent(shown: Shown[], isPlain: boolean): unknown {
  if (shown.length === 0) return '';
  if (isPlain) return shown[0]?.value;
  return shown.map(({ kind, value }) => {
    if (kind === 'text') return { type: 'input_text', text: value };
    if (kind === 'image') return { type: 'input_image', image_url: value, detail: 'auto' };
    return { type: 'input_file', filename: 'paper.pdf', file_data: value };
  });
}

function understand(output: Fields[], usage: Fields): Understood {
  const parts = output.flatMap(({ type, content }) => (type === 'message' ? (content as Fields[]) : []));
  const refusals = parts.flatMap(({ refusal }) => (typeof refusal === 'string' ? [refusal] : []));
  return {
    text: parts.map(({ text }) => text ?? '').join(''),
    refusal: refusals.length > 0 ? refusals.join('') : null,
    calls: output.flatMap(({ type, call_id, name, arguments: text, input }) => {
      if (type !== 'function_call' && type !== 'custom_tool_call') return [];
      assert.equal(type === 'custom_tool_call', name === customName, 'a call is of the kind of its tool');
      const given: unknown = type === 'function_call' ? JSON.parse(String(text)) : { input };
      return [{ id: String(call_id), name: String(name), input: given }];
    }),
    usage: {
      input: Number(usage['input_tokens']),
      cached: Number((usage['input_tokens_details'] as Fields)['cached_tokens']),
      output: Number(usage['output_tokens']),
    },
  };
}
