import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../src/shared/chat/chat.ts';
import { clientPathOf } from '../../../../src/shared/chat/client-path.ts';
import { turnSchema } from '../../../../src/shared/formats/anthropic-messages/message-blocks.ts';
import { fromTurn } from '../../../../src/shared/formats/anthropic-messages/message-turns.ts';
import { problemsOf } from '../../../../src/shared/formats/common/zod-problems.ts';

const read = (turn: object): Message[] => fromTurn(turnSchema.parse(turn), 3);
const png = 'iVBORw0KGgo=';
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } };
const pdf = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } };
const shownImage = { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } };
const shownPdf = { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=' } };

describe('what a user shows', () => {
  it.each<[string, object, object[]]>([
    ['an image', image, [shownImage]],
    ['a PDF', pdf, [shownPdf]],
    [
      'a PDF with its title, and what is said about it',
      { ...pdf, title: 'a.pdf', context: 'Of May.', citations: { enabled: true } },
      [
        { type: 'text', text: 'Of May.' },
        { type: 'file', file: { ...shownPdf.file, filename: 'a.pdf' } },
      ],
    ],
    [
      'a PDF by its URL',
      { type: 'document', source: { type: 'url', url: 'https://e.com/a.pdf' } },
      [{ type: 'file', file: { file_url: 'https://e.com/a.pdf' } }],
    ],
    [
      'a document that is text',
      { type: 'document', title: 'a.txt', source: { type: 'text', media_type: 'text/plain', data: 'x' } },
      [{ type: 'text', text: 'a.txt:\nx' }],
    ],
    [
      'a document of blocks',
      { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'x' }, image] } },
      [{ type: 'text', text: 'x' }, shownImage],
    ],
    [
      'a search result',
      { type: 'search_result', source: 'https://e.com', title: 'T', content: [{ type: 'text', text: 'x' }] },
      [{ type: 'text', text: 'T (https://e.com):\nx' }],
    ],
  ])('%s, in a turn and in the result of a tool', (_what, block, parts) => {
    expect(read({ role: 'user', content: [block] })).toEqual([{ role: 'user', content: parts }]);
    const result = { type: 'tool_result', tool_use_id: 't1', content: [block] };
    expect(read({ role: 'user', content: [result] })).toEqual([
      { role: 'tool', tool_call_id: 't1', content: parts },
    ]);
  });

  it.each([
    ['an image', { type: 'image', source: { type: 'file', file_id: 'file_1' } }],
    ['a document', { type: 'document', source: { type: 'file', file_id: 'file_1' } }],
    ['one by no id', { type: 'document', source: { type: 'file', file_id: null } }],
  ])('%s by its id is refused where it stands, also in a result', (_what, block) => {
    const refused = (content: object[]) => {
      const { error } = turnSchema.safeParse({ role: 'user', content });
      return error === undefined ? [] : problemsOf(error);
    };
    const message = expect.stringContaining('files by their id are not supported');
    expect(refused([block])).toMatchObject([{ param: 'content.0.source.file_id', message }]);
    expect(refused([{ type: 'tool_result', tool_use_id: 't1', content: [block] }])).toMatchObject([
      { param: 'content.0.content.0.source.file_id', message },
    ]);
  });
});

describe('a turn is read with', () => {
  it.each<[string, object, object]>([
    [
      'a tool that failed',
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 't1', is_error: true, content: 'ENOENT' }],
      },
      { role: 'tool', content: 'Error: ENOENT', extra_content: { anthropic: { is_error: true } } },
    ],
    [
      'a result without content',
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1' }] },
      { role: 'tool', tool_call_id: 't1', content: '' },
    ],
    [
      'citations of an answer, and its own settings of the output',
      { role: 'assistant', output_config: {}, content: [{ type: 'text', text: 'x', citations: [{ a: 1 }] }] },
      { content: 'x', extra_content: { anthropic: { content: [{ type: 'text', text: 'x' }] } } },
    ],
    [
      'what another provider thought, which nobody has signed',
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: '' },
          { type: 'text', text: 'x' },
        ],
      },
      {
        content: 'x',
        reasoning_content: 'hm',
        extra_content: { anthropic: { content: [{ type: 'text', text: 'x' }] } },
      },
    ],
    ['no blocks', { role: 'assistant', content: [] }, { role: 'assistant', content: '' }],
  ])('%s', (_what, turn, expected) => {
    expect(read(turn)[0]).toMatchObject(expected);
  });
});

it('knows the path of each message, part and call', () => {
  const [result, user] = read({
    role: 'user',
    content: [
      { type: 'text', text: 'x' },
      { type: 'tool_result', tool_use_id: 't1', content: [image] },
      image,
    ],
  });
  const [assistant] = read({
    role: 'assistant',
    content: [
      { type: 'text', text: 'x' },
      { type: 'tool_use', id: 't1', name: 'look', input: {} },
    ],
  });
  const partOf = (message: Message | undefined, index: number) =>
    Array.isArray(message?.content) ? message.content[index] : undefined;
  const call = assistant?.role === 'assistant' ? assistant.tool_calls?.[0] : undefined;
  const paths = [result, partOf(result, 0), user, partOf(user, 1), call].map((value) =>
    clientPathOf(value as object),
  );
  expect(paths).toEqual([
    'messages.3.content.1',
    'messages.3.content.1.content.0',
    'messages.3',
    'messages.3.content.2',
    'messages.3.content.1',
  ]);
});
