import assert from 'node:assert/strict';
import { chatCompletionSchema } from '../../../src/api/openapi/schemas/chat-completion.ts';
import { createChunks, toChatCompletion } from '../../../src/shared/formats/openai-chat/chat-completion.ts';
import { createPassedChunks } from '../../../src/shared/formats/openai-chat/passed-chat.ts';
import type { Asked, Shown } from '../spoken.ts';
import { type Client, customName, type Fields, functions, type Understood } from './client.ts';

const tools = [
  ...functions.map((called) => ({ type: 'function', function: called })),
  { type: 'custom', custom: { name: customName } },
];

/** A client of chat completions; one that `keepsAll` gives back every field that it was given. */
export function createChatClient(keepsAll: boolean): Client {
  const messages: Fields[] = [];
  let open: string[] = [];
  return {
    kind: 'chat',
    stored: () => ({}),
    ask(asked, { model, stream, effort, hasTools }) {
      messages.push(...toMessages(asked, open));
      return {
        model,
        messages: [...messages],
        ...(hasTools && { tools }),
        ...(stream && { stream, stream_options: { include_usage: true } }),
        ...(effort !== null && { reasoning_effort: effort }),
      };
    },
    whole: (completion, { id }) => toChatCompletion(completion, id) as unknown as Fields,
    encoder({ id: jobId, model, createdAt, passes }) {
      const options = { jobId, model, createdAt, includeUsage: true };
      const chunks = createChunks(options);
      const passed = createPassedChunks(options);
      return {
        started: () => [],
        delta: (delta) => chunks.delta(delta) as Fields[],
        passed: (event) => passed.passed(event),
        ended: (completion) => (passes ? passed.ended(completion) : chunks.ended(completion)) as Fields[],
      };
    },
    take({ whole, events }) {
      chatCompletionSchema.parse(whole);
      const [choice] = whole['choices'] as [Fields];
      const message = events === null ? (choice['message'] as Fields) : fromChunks(events, whole);
      messages.push(keepsAll ? message : reduced(message));
      const understood = understand(message, whole['usage'] as Fields);
      open = understood.calls.map(({ id }) => id);
      return understood;
    },
  };
}

function toMessages(asked: Asked, open: string[]): Fields[] {
  const { opening, instruction, results, shown, isPlain, addition } = asked;
  return [
    ...(opening === null ? [] : [{ role: isPlain ? 'system' : 'developer', content: opening.value }]),
    ...results.map((result) => ({
      role: 'tool',
      tool_call_id: open[result.call],
      content: toContent(result.shown, result.isPlain),
    })),
    ...(instruction === null ? [] : [{ role: 'system', content: instruction.value }]),
    ...(shown.length === 0 ? [] : [{ role: 'user', content: toContent(shown, isPlain) }]),
    ...(addition === null
      ? []
      : [{ role: 'user', content: addition.value, ...(isPlain && { name: 'ann' }) }]),
  ];
}

function toContent(shown: Shown[], isPlain: boolean): unknown {
  if (shown.length === 0) return '';
  if (isPlain) return shown[0]?.value;
  return shown.map(({ kind, value }) => {
    if (kind === 'text') return { type: 'text', text: value };
    if (kind === 'image') return { type: 'image_url', image_url: { url: value } };
    return { type: 'file', file: { filename: 'paper.pdf', file_data: value } };
  });
}

/** What a client keeps that knows no fields but OpenAI's. */
function reduced({ role, content, refusal, tool_calls: calls }: Fields): Fields {
  return {
    role,
    content,
    ...(typeof refusal === 'string' && { refusal }),
    ...(calls !== undefined && {
      tool_calls: (calls as Fields[]).map(({ id, type, function: called, custom }) => ({
        id,
        type,
        ...(type === 'custom' ? { custom } : { function: called }),
      })),
    }),
  };
}

function understand(message: Fields, usage: Fields): Understood {
  const details = usage['prompt_tokens_details'] as Fields;
  return {
    text: String(message['content'] ?? ''),
    refusal: message['refusal'] as string | null,
    calls: ((message['tool_calls'] ?? []) as Fields[]).map(toCall),
    usage: {
      input: Number(usage['prompt_tokens']),
      cached: Number(details['cached_tokens']),
      output: Number(usage['completion_tokens']),
    },
  };
}

function toCall({ id, type, function: called, custom }: Fields) {
  const { name, arguments: text, input } = (type === 'custom' ? custom : called) as Fields;
  assert.equal(type, name === customName ? 'custom' : 'function', 'a call is of the kind of its tool');
  return {
    id: String(id),
    name: String(name),
    input: type === 'custom' ? { input } : JSON.parse(String(text)),
  };
}

/** The message that the chunks come to, which has to be that of the whole completion. */
function fromChunks(events: Fields[], whole: Fields): Fields {
  const [choice] = whole['choices'] as [Fields];
  const message: Fields = { content: null, refusal: null };
  let finish: unknown = null;
  let usage: unknown = null;
  for (const event of events) {
    assert.equal(event['object'], 'chat.completion.chunk');
    assert.equal(event['id'], whole['id']);
    assert.equal(event['model'], whole['model']);
    usage = event['usage'] ?? usage;
    for (const piece of event['choices'] as Fields[]) {
      assert.equal(finish, null, 'a chunk after the last');
      merge(message, piece['delta'] as Fields);
      finish = piece['finish_reason'] ?? finish;
    }
  }
  const { annotations: _, ...spoken } = choice['message'] as Fields;
  assert.deepEqual(
    { ...message, content: message['content'] || null },
    { ...spoken, content: spoken['content'] || null },
  );
  assert.equal(finish, choice['finish_reason']);
  assert.deepEqual(usage, whole['usage']);
  return message;
}

function merge(message: Fields, delta: Fields): void {
  for (const [name, value] of Object.entries(delta)) {
    if (name === 'tool_calls')
      message[name] = mergeCalls((message[name] ?? []) as Fields[], value as Fields[]);
    else if (name === 'role' || typeof value !== 'string') message[name] ??= value;
    else message[name] = `${(message[name] as string | null) ?? ''}${value}`;
  }
}

function mergeCalls(calls: Fields[], pieces: Fields[]): Fields[] {
  for (const { index, ...piece } of pieces) {
    const known = calls[Number(index)];
    if (known === undefined) {
      assert.equal(index, calls.length, 'the calls begin in their order');
      assert.ok(piece['id'] && piece['type'], 'a call begins with its id and type');
      calls.push(piece);
      continue;
    }
    const kind = known['type'] === 'custom' ? 'custom' : 'function';
    const field = kind === 'custom' ? 'input' : 'arguments';
    const [before, more] = [known[kind] as Fields, (piece[kind] ?? {}) as Fields];
    Object.assign(known, piece, { type: known['type'] });
    known[kind] = { ...before, [field]: `${before[field]}${more[field] ?? ''}` };
  }
  return calls;
}
