import { accumulateResponse } from 'openai/lib/responses/ResponseAccumulator';
import type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { describe, expect, it } from 'vitest';
import type { ChatCompletion, ToolCall } from '../../../../src/shared/chat/chat.ts';
import type { ResponseEvent } from '../../../../src/shared/formats/openai-responses/open-items.ts';
import { createResponseEvents } from '../../../../src/shared/formats/openai-responses/response-events.ts';

const facts = {
  id: 'resp_1',
  createdAt: new Date(1000),
  completedAt: null,
  model: 'openai/gpt-5-mini',
  status: 'in_progress' as const,
  error: null,
  completion: null,
  body: { model: 'gpt-5-mini', input: 'hello', background: true } as never,
};

function completionOf(content: string | null, calls: ToolCall[] = [], finish = 'stop'): ChatCompletion {
  return {
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'openai/gpt-5-mini',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content,
          refusal: null,
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: finish as 'stop',
      },
    ],
  };
}

const call = (id: string, args: string): ToolCall => ({
  id,
  type: 'function',
  function: { name: 'weather', arguments: args },
});
const text = (more: string) => ({ kind: 'text' as const, choice: 0, text: more });

/** What OpenAI's own accumulator makes of the events. */
function accumulate(events: ResponseEvent[]): Response {
  let response: Response | undefined;
  for (const event of events)
    response = accumulateResponse(event as unknown as ResponseStreamEvent, response);
  if (response === undefined) throw new Error('no events');
  return response;
}

const numbers = (events: ResponseEvent[]) => events.map(({ sequence_number }) => sequence_number);
const types = (events: ResponseEvent[]) => events.map(({ type }) => type.replace('response.', ''));

describe('the events of a response', () => {
  it('are numbered from 0 and add up to the response at the end', () => {
    const events = createResponseEvents(facts);
    const before = [
      ...events.created(),
      ...events.started(),
      ...events.delta(text('Hello, ')),
      ...events.delta(text('world')),
    ];
    expect(accumulate(before).output).toMatchObject([{ content: [{ text: 'Hello, world' }] }]);
    const all = [...before, ...events.completed(completionOf('Hello, world'), new Date(3000))];
    expect(numbers(all)).toEqual(all.map((_, index) => index));
    expect(types(all)).toEqual([
      'created',
      'queued',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ]);
    expect(accumulate(all)).toMatchObject({
      status: 'completed',
      completed_at: 3,
      output_text: 'Hello, world',
    });
  });

  it('tell the rest at the end, whatever part of the output had come before', () => {
    const whole = completionOf('Hello, world', [call('call_1', '{"city":"Oslo"}'), call('call_2', '{}')]);
    for (const sent of ['', 'Hello', 'Hello, world']) {
      const events = createResponseEvents(facts);
      const all = [
        ...events.created(),
        ...(sent === '' ? [] : events.delta(text(sent))),
        ...events.completed(whole, new Date(3000)),
      ];
      const before = accumulate(all.slice(0, -1));
      expect(before.output).toEqual(accumulate(all).output);
      expect(before.output).toMatchObject([
        { type: 'message', content: [{ text: 'Hello, world' }] },
        { type: 'function_call', call_id: 'call_1', arguments: '{"city":"Oslo"}' },
        { type: 'function_call', call_id: 'call_2', arguments: '{}' },
      ]);
    }
  });

  it('have the log probabilities of a text where it is whole', () => {
    const events = createResponseEvents(facts);
    const whole = completionOf('Hello');
    const logprobs = [{ token: 'Hello', logprob: -0.1, bytes: null, top_logprobs: [] }];
    const [choice] = whole.choices;
    if (choice !== undefined) choice.logprobs = { content: logprobs, refusal: null };
    const all = [
      ...events.created(),
      ...events.delta(text('Hel')),
      ...events.completed(whole, new Date(3000)),
    ];
    const closing = all.filter(({ type }) => /output_text\.done|content_part\.done/.test(type));
    expect(closing).toMatchObject([{ logprobs }, { part: { logprobs } }]);
    expect(accumulate(all).output).toMatchObject([{ content: [{ text: 'Hello', logprobs }] }]);
  });

  it('have what is thought after the answer began in a part of its own', () => {
    const events = createResponseEvents(facts);
    const thought = (more: string) => ({ kind: 'reasoning' as const, choice: 0, text: more });
    const whole = completionOf('Hello');
    Object.assign(whole.choices[0]?.message ?? {}, { reasoning_content: 'one two' });
    const all = [
      ...events.created(),
      ...[thought('one'), text('Hello'), thought(' t'), thought('wo')].flatMap(events.delta),
      ...events.completed(whole, new Date(3000)),
    ];
    const { output } = accumulate(all);
    expect(output).toMatchObject([{ summary: [{ text: 'one' }, { text: ' two' }] }, { type: 'message' }]);
    expect(accumulate(all.slice(0, -1)).output).toEqual(output);
  });

  it('end with the items in the positions that they were sent in', () => {
    const events = createResponseEvents(facts);
    const whole = completionOf('Hello');
    Object.assign(whole.choices[0]?.message ?? {}, { reasoning_content: 'late' });
    const all = [
      ...events.created(),
      ...events.delta(text('Hello')),
      ...events.delta({ kind: 'reasoning', choice: 0, text: 'late' }),
      ...events.completed(whole, new Date(3000)),
    ];
    expect(accumulate(all).output.map(({ type }) => type)).toEqual(['message', 'reasoning']);
    expect(accumulate(all.slice(0, -1)).output).toEqual(accumulate(all).output);
  });

  it('take back what a later attempt does not say: it stays incomplete, and the answer begins anew', () => {
    const events = createResponseEvents(facts);
    const first = [...events.created(), ...events.delta(text('wrong')), ...events.takeBack()];
    const all = [
      ...first,
      ...events.delta(text('right')),
      ...events.completed(completionOf('right'), new Date(3000)),
    ];
    expect(accumulate(all.slice(0, -1)).output).toMatchObject([
      { status: 'incomplete', content: [{ text: 'wrong' }] },
      { status: 'completed', content: [{ text: 'right' }] },
    ]);
    expect(accumulate(all).output).toMatchObject([{ content: [{ text: 'right' }] }]);
    expect(numbers(all)).toEqual(all.map((_, index) => index));
  });

  it('take back by themselves what the result contradicts', () => {
    const events = createResponseEvents(facts);
    const all = [
      ...events.created(),
      ...events.delta(text('another')),
      ...events.completed(completionOf('the result'), new Date(3000)),
    ];
    expect(accumulate(all.slice(0, -1)).output).toMatchObject([
      { status: 'incomplete' },
      { content: [{ text: 'the result' }] },
    ]);
  });

  it.each([
    ['length', 'incomplete', 'max_output_tokens'],
    ['content_filter', 'incomplete', 'content_filter'],
  ])('an answer cut short by %s ends %s', (finish, status, reason) => {
    const events = createResponseEvents(facts);
    const all = [...events.created(), ...events.completed(completionOf('cut', [], finish), new Date(3000))];
    expect(all.at(-1)).toMatchObject({ type: `response.${status}` });
    expect(accumulate(all)).toMatchObject({ status, incomplete_details: { reason } });
  });

  it('of a failure close what is open and say why', () => {
    const events = createResponseEvents(facts);
    const error = { type: 'provider_failed' as const, message: 'it broke', provider_status: 500 };
    const all = [
      ...events.created(),
      ...events.delta(text('half')),
      ...events.ended({ status: 'failed', error, completedAt: null }),
    ];
    expect(all.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'server_error', message: 'it broke' } },
    });
  });

  it('name a call as its client knows the tool, in events and in the response', () => {
    const tools = [{ type: 'namespace', name: 'files', tools: [{ type: 'function', name: 'read' }] }];
    const events = createResponseEvents({ ...facts, body: { ...(facts.body as object), tools } as never });
    const one = {
      id: 'call_1',
      type: 'function' as const,
      function: { name: 'files__read', arguments: '{}' },
    };
    const all = [
      ...events.created(),
      ...events.delta({
        kind: 'tool_call',
        choice: 0,
        index: 0,
        id: 'call_1',
        name: 'files__read',
        arguments: '{}',
      }),
      ...events.completed(completionOf(null, [one], 'tool_calls'), new Date(3000)),
    ];
    const known = { type: 'function_call', name: 'read', namespace: 'files', call_id: 'call_1' };
    const items = all.flatMap(({ item }) => (item === undefined ? [] : [item]));
    expect(items).toHaveLength(2);
    for (const item of items) expect(item).toMatchObject(known);
    expect(accumulate(all).output).toMatchObject([known]);
  });
});
