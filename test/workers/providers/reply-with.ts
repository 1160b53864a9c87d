import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProviderKind } from '../../../src/shared/catalogue/model.ts';
import type { Answer } from '../../../src/shared/chat/call-result.ts';
import type { ChatRequest, Delta } from '../../../src/shared/chat/chat.ts';
import { connect } from './setup.ts';

export type Reply = { body: string; type?: string; status?: number };

const models = {
  openai: 'gpt-5-mini',
  compatible: 'm',
  anthropic: 'claude-haiku-4-5',
  google: 'gemini-2.5-flash',
};

/** Asks a provider that answers with these bytes, whatever it is asked; gives what it was sent, too. */
export async function askProvider(
  kind: ProviderKind,
  reply: Reply,
  request: Partial<ChatRequest> = {},
  stream = false,
): Promise<{ answer: Answer; deltas: Delta[]; sent: string }> {
  let sent = '';
  const type = reply.type ?? (stream ? 'text/event-stream' : 'application/json');
  const server = createServer(async (incoming, outgoing) => {
    sent = '';
    for await (const chunk of incoming) sent += chunk;
    outgoing.writeHead(reply.status ?? 200, { 'content-type': type });
    for (const piece of reply.body.match(/[\s\S]{1,7}/g) ?? []) outgoing.write(piece);
    outgoing.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const provider = connect(kind, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const deltas: Delta[] = [];
  const answer = await provider.call({
    attemptId: 'att_1',
    model: models[kind],
    request: { model: 'p/m', messages: [{ role: 'user', content: 'hi' }], ...request },
    maxOutputTokens: 4000,
    stream,
    reasons: false,
    signal: new AbortController().signal,
    onDelta: (delta) => deltas.push(delta),
  });
  await provider.close();
  server.close();
  return { answer, deltas, sent };
}

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

/** Claude's whole message, or its events. */
export function claude(blocks: Record<string, unknown>[], stop = 'end_turn', stream = false): Reply {
  const counts = { input_tokens: 10, output_tokens: 5 };
  if (!stream)
    return { body: JSON.stringify({ id: 'm', content: blocks, stop_reason: stop, usage: counts }) };
  const events = [
    { type: 'message_start', message: { id: 'm', usage: { ...counts, output_tokens: 1 } } },
    ...blocks.flatMap((block, index) => blockEvents(block, index)),
    { type: 'message_delta', delta: { stop_reason: stop }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ];
  return { body: events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('') };
}

/** Texts come two characters at a time. */
function blockEvents(block: Record<string, unknown>, index: number) {
  const { text = '', thinking = '', input, ...rest } = block as Record<string, string>;
  const pieces = (whole: string) => whole.match(/[\s\S]{1,2}/g) ?? [];
  const deltas = [
    ...pieces(thinking).map((piece) => ({ type: 'thinking_delta', thinking: piece })),
    ...pieces(text).map((piece) => ({ type: 'text_delta', text: piece })),
    ...(input === undefined ? [] : pieces(JSON.stringify(input))).map((piece) => ({
      type: 'input_json_delta',
      partial_json: piece,
    })),
  ];
  return [
    {
      type: 'content_block_start',
      index,
      content_block: { ...rest, ...(input !== undefined && { input: {} }) },
    },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

/** A whole chat completion with one choice. */
export const completion = (message: object, finish: unknown = 'stop', more: object = {}): Reply => ({
  body: JSON.stringify({ id: 'c', choices: [{ index: 0, message, finish_reason: finish }], usage, ...more }),
});

/** Chunks of one choice, and the closing frame. */
export const chunks = (deltas: object[], finish: unknown = 'stop'): Reply => {
  const frames = [
    ...deltas.map((delta) => ({ delta, finish_reason: null })),
    { delta: {}, finish_reason: finish },
  ];
  const events = frames.map((frame) => ({ id: 'c', choices: [{ index: 0, ...frame }] }));
  return toFrames([...events, { choices: [], usage }]);
};

export const toFrames = (events: object[]): Reply => ({
  body: `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`,
});
