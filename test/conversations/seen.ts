/** Something that a provider was sent, whatever the dialect. */
export type Seen = { by: 'model' | 'others' } & (
  | { kind: 'text' | 'image' | 'file'; value: string }
  | { kind: 'call'; id: string; name: string; input: unknown }
  | { kind: 'result'; id: string; value: string }
);

type Fields = Record<string, unknown>;
type By = Seen['by'];

const list = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);
const record = (value: unknown): Fields => (value ?? {}) as Fields;
const text = (by: By, value: unknown): Seen[] =>
  typeof value === 'string' && value !== '' ? [{ by, kind: 'text', value }] : [];
const parse = (value: unknown): unknown => (value === '' ? {} : JSON.parse(String(value)));

/** What a body for chat completions holds, in its order. */
export function seenOnChat({ messages }: Fields): Seen[] {
  return list(messages).flatMap((message): Seen[] => {
    const by = message['role'] === 'assistant' ? 'model' : 'others';
    const parts = chatParts(message['content'], by);
    if (message['role'] === 'tool') return asResult(parts, String(message['tool_call_id']));
    return [...parts, ...text(by, message['refusal']), ...list(message['tool_calls']).map(chatCall)];
  });
}

function chatParts(content: unknown, by: By): Seen[] {
  if (typeof content === 'string') return text(by, content);
  return list(content).flatMap((part): Seen[] => {
    if (part['type'] === 'image_url')
      return [{ by, kind: 'image', value: String(record(part['image_url'])['url']) }];
    if (part['type'] === 'file')
      return [{ by, kind: 'file', value: String(record(part['file'])['file_data']) }];
    return text(by, part['text'] ?? part['refusal']);
  });
}

function chatCall(call: Fields): Seen {
  const custom = call['custom'] as Fields | undefined;
  const called = record(call['function']);
  return {
    by: 'model',
    kind: 'call',
    id: String(call['id']),
    name: String(custom?.['name'] ?? called['name']),
    input: custom === undefined ? parse(called['arguments']) : { input: custom['input'] },
  };
}

/** Texts of a result are the result's; what it shows beside them stays by itself. */
function asResult(parts: Seen[], id: string): Seen[] {
  const value = parts.map((part) => (part.kind === 'text' ? part.value : '')).join('\n');
  return [{ by: 'others', kind: 'result', id, value }, ...parts.filter(({ kind }) => kind !== 'text')];
}

/** The same of a body for OpenAI's Responses API. */
export function seenOnResponses({ input, instructions }: Fields): Seen[] {
  const items = list(input).flatMap((item): Seen[] => {
    const { type = 'message' } = item;
    if (type === 'reasoning') return [];
    if (type === 'function_call' || type === 'custom_tool_call') {
      const given = type === 'function_call' ? parse(item['arguments']) : { input: item['input'] };
      return [
        { by: 'model', kind: 'call', id: String(item['call_id']), name: String(item['name']), input: given },
      ];
    }
    const by = item['role'] === 'assistant' ? 'model' : 'others';
    const parts = inputParts(item['content'] ?? item['output'], by);
    return String(type).endsWith('_output') ? asResult(parts, String(item['call_id'])) : parts;
  });
  return [...text('others', instructions), ...items];
}

function inputParts(content: unknown, by: By): Seen[] {
  if (typeof content === 'string') return text(by, content);
  return list(content).flatMap((part): Seen[] => {
    if (part['type'] === 'input_image') return [{ by, kind: 'image', value: String(part['image_url']) }];
    if (part['type'] === 'input_file') return [{ by, kind: 'file', value: String(part['file_data']) }];
    return text(by, part['text'] ?? part['refusal']);
  });
}

/** The same of a body for Anthropic. */
export function seenOnMessages({ messages, system }: Fields): Seen[] {
  const turns = list(messages).flatMap(({ role, content }) =>
    blocks(content, role === 'assistant' ? 'model' : 'others'),
  );
  return [...blocks(system, 'others'), ...turns];
}

function blocks(content: unknown, by: By): Seen[] {
  if (typeof content === 'string') return text(by, content);
  return list(content).flatMap((block): Seen[] => {
    switch (block['type']) {
      case 'text':
        return text(by, block['text']);
      case 'image':
      case 'document':
        return [
          { by, kind: block['type'] === 'image' ? 'image' : 'file', value: urlOf(record(block['source'])) },
        ];
      case 'tool_use':
        return [
          { by, kind: 'call', id: String(block['id']), name: String(block['name']), input: block['input'] },
        ];
      case 'tool_result':
        return asResult(blocks(block['content'], by), String(block['tool_use_id']));
      default:
        return [];
    }
  });
}

const urlOf = ({ type, url, media_type, data }: Fields) =>
  type === 'url' ? String(url) : `data:${String(media_type)};base64,${String(data)}`;

/** The same of the parameters of a call to Gemini. */
export function seenOnGenerate({ contents, config }: Fields): Seen[] {
  const system = record(record(config)['systemInstruction'])['parts'];
  const turns = list(contents).flatMap(({ role, parts }) =>
    googleParts(list(parts), role === 'model' ? 'model' : 'others'),
  );
  return [...googleParts(list(system), 'others'), ...turns];
}

function googleParts(parts: Fields[], by: By): Seen[] {
  return parts.flatMap((part): Seen[] => {
    const call = part['functionCall'] as Fields | undefined;
    const response = part['functionResponse'] as Fields | undefined;
    const inline = part['inlineData'] as Fields | undefined;
    if (call !== undefined) {
      return [{ by, kind: 'call', id: String(call['id']), name: String(call['name']), input: call['args'] }];
    }
    if (response !== undefined) {
      const { output, error } = record(response['response']);
      return [{ by, kind: 'result', id: String(response['id']), value: String(output ?? error) }];
    }
    if (inline !== undefined) {
      const { mimeType, data } = inline;
      const kind = mimeType === 'application/pdf' ? 'file' : 'image';
      return [{ by, kind, value: `data:${String(mimeType)};base64,${String(data)}` }];
    }
    return text(by, part['text']);
  });
}
