import assert from 'node:assert/strict';
import { messageSchema } from '../../../src/api/openapi/schemas/message.ts';
import {
  createMessageEvents,
  type MessageEvent,
} from '../../../src/shared/formats/anthropic-messages/message-events.ts';
import { toAnthropicMessage } from '../../../src/shared/formats/anthropic-messages/message-object.ts';
import { createPassedEvents } from '../../../src/shared/formats/anthropic-messages/passed-events.ts';
import type { Asked, Shown } from '../spoken.ts';
import { type Client, type Fields, functions, type Understood } from './client.ts';

const tools = functions.map(({ parameters, ...called }) => ({ ...called, input_schema: parameters }));

const efforts: Record<string, Fields> = {
  low: { thinking: { type: 'enabled', budget_tokens: 2000 } },
  medium: { thinking: { type: 'adaptive' } },
  high: { thinking: { type: 'enabled', budget_tokens: 4000 } },
};

/** A client of Messages; one that does not `keepAll` drops what it does not know, signatures among it. */
export function createMessagesClient(keepsAll: boolean): Client {
  const messages: Fields[] = [];
  let open: string[] = [];
  let opening: Shown | null = null;
  return {
    kind: 'message',
    stored: () => ({}),
    ask(asked, { model, stream, effort, hasTools }) {
      opening = asked.opening ?? opening;
      messages.push(...toTurns(asked, open));
      return {
        model,
        max_tokens: 8000,
        messages: [...messages],
        ...(hasTools && { tools }),
        ...(opening !== null && { system: [{ ...toBlock(opening), cache_control: { type: 'ephemeral' } }] }),
        ...(stream && { stream }),
        ...(effort !== null && efforts[effort]),
      };
    },
    whole: (completion, { id }) => toAnthropicMessage(completion, id),
    encoder({ id, model, passes }, body) {
      assert.ok(body);
      const events = createMessageEvents(model, id, 100);
      const passed = createPassedEvents(model, id);
      const dataOf = (given: MessageEvent[]) =>
        given.map(({ event, data }) => {
          assert.equal(event, data.type);
          return data;
        });
      return {
        started: () => (passes ? [] : dataOf(events.started())),
        delta: (delta) => (passes ? [] : dataOf(events.delta(delta))),
        passed: (event) => dataOf(passed.passed(event)),
        ended: (completion) =>
          dataOf(passes ? passed.ended(toAnthropicMessage(completion, id)) : events.ended(completion)),
      };
    },
    take({ whole, events }) {
      messageSchema.parse(whole);
      const content = events === null ? (whole['content'] as Fields[]) : fromEvents(events, whole);
      const kept = keepsAll ? content : content.flatMap(reduced);
      if (kept.length > 0) messages.push({ role: 'assistant', content: kept });
      const understood = understand(content, whole['usage'] as Fields);
      open = understood.calls.map(({ id }) => id);
      return understood;
    },
  };
}

function toTurns(asked: Asked, open: string[]): Fields[] {
  const { instruction, results, shown, isPlain, addition } = asked;
  const blocks = [
    ...results.map((result) => ({
      type: 'tool_result',
      tool_use_id: open[result.call],
      content: toContent(result.shown, result.isPlain),
      ...(result.isError && { is_error: true }),
    })),
    ...(results.length > 0 || !isPlain ? shown.map(toBlock) : []),
  ];
  const text = results.length === 0 && isPlain ? shown[0]?.value : undefined;
  const system = instruction === null ? [] : [{ role: 'system', content: instruction.value }];
  const more = addition === null ? [] : [{ role: 'user', content: [toBlock(addition)] }];
  return [{ role: 'user', content: text ?? blocks }, ...more, ...system];
}

function toContent(shown: Shown[], isPlain: boolean): unknown {
  if (shown.length === 0) return '';
  return isPlain ? shown[0]?.value : shown.map(toBlock);
}

function toBlock({ kind, value }: Shown): Fields {
  if (kind === 'text') return { type: 'text', text: value };
  const [, media_type, data] = /^data:([^;]+);base64,(.*)$/.exec(value) ?? [];
  const source = data === undefined ? { type: 'url', url: value } : { type: 'base64', media_type, data };
  return { type: kind === 'image' ? 'image' : 'document', source };
}

function reduced(block: Fields): Fields[] {
  const { type, text, id, name, input } = block;
  if (type === 'text') return [{ type, text }];
  return type === 'tool_use' ? [{ type, id, name, input }] : [];
}

function understand(content: Fields[], usage: Fields): Understood {
  const cached = Number(usage['cache_read_input_tokens']);
  return {
    text: content.map(({ text }) => text ?? '').join(''),
    refusal: null,
    calls: content
      .filter(({ type }) => type === 'tool_use')
      .map(({ id, name, input }) => ({ id: String(id), name: String(name), input })),
    usage: { input: Number(usage['input_tokens']) + cached, cached, output: Number(usage['output_tokens']) },
  };
}

/** The blocks that the events come to, which have to be those of the whole message. */
function fromEvents(events: Fields[], whole: Fields): Fields[] {
  const [start, ...rest] = events.filter(({ type }) => type !== 'ping');
  assert.equal(start?.['type'], 'message_start');
  const message = start['message'] as Fields;
  assert.deepEqual(Object.keys(message).sort(), Object.keys(whole).sort());
  assert.equal(message['id'], whole['id']);
  assert.equal(message['model'], whole['model']);
  const blocks: Fields[] = [];
  let open: number | null = null;
  let json = '';
  for (const event of rest.slice(0, -2)) {
    const { type, index } = event;
    if (type === 'content_block_start') {
      assert.equal(open, null, 'a block begins in another');
      assert.equal(index, blocks.length);
      open = Number(index);
      json = '';
      blocks.push({ ...(event['content_block'] as Fields) });
      continue;
    }
    assert.equal(index, open);
    const block = blocks.at(-1) as Fields;
    if (type === 'content_block_delta') json += addDelta(block, event['delta'] as Fields);
    else assert.equal(type, 'content_block_stop');
    if (type !== 'content_block_stop') continue;
    if (block['type'] === 'tool_use') block['input'] = JSON.parse(json || '{}');
    open = null;
  }
  const [end, stop] = rest.slice(-2) as [Fields, Fields];
  assert.deepEqual([end['type'], stop['type']], ['message_delta', 'message_stop']);
  assert.equal((end['delta'] as Fields)['stop_reason'], whole['stop_reason']);
  assert.equal((end['usage'] as Fields)['output_tokens'], (whole['usage'] as Fields)['output_tokens']);
  const content = whole['content'] as Fields[];
  assert.equal(unsignedOf(blocks), unsignedOf(content));
  assert.deepEqual(blocks.filter(isOwn), content.filter(isOwn).map(asStreamed));
  return blocks;
}

const isOwn = ({ type, signature }: Fields) => type !== 'thinking' || signature !== '';

/** What other providers thought: where it comes in several pieces it is streamed in their positions. */
function unsignedOf(blocks: Fields[]): string {
  return blocks
    .map((block) => (isOwn(block) ? '' : String(block['thinking']).replaceAll(/\s/g, '')))
    .join('');
}

/** A text begins before its provider has signed it, and no event could bring that later. */
function asStreamed({ extra_content: state, ...block }: Fields): Fields {
  return block['type'] === 'text' || state === undefined ? block : { ...block, extra_content: state };
}

/** Adds a delta to a block as the SDK does; answers what it adds to a call's input. */
function addDelta(block: Fields, delta: Fields): string {
  const fields: Record<string, string> = {
    text_delta: 'text',
    thinking_delta: 'thinking',
    signature_delta: 'signature',
    input_json_delta: 'partial_json',
  };
  const field = fields[String(delta['type'])];
  assert.ok(field, `unknown delta ${String(delta['type'])}`);
  if (field === 'partial_json') return String(delta[field]);
  block[field] = `${block[field]}${delta[field]}`;
  return '';
}
