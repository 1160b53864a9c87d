import OpenAI from 'openai';
import type { ResponseInputItem } from 'openai/resources/responses/responses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway.ts';

let gateway: Gateway;
let openai: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({});
  const account = await gateway.openAccount('search', '100');
  openai = new OpenAI({ apiKey: account.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(() => gateway.close());

const parameters = { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] };
/** As Codex 0.171 offers them. */
const tools = [
  { type: 'tool_search' as const, execution: 'client' as const, description: 'Finds tools.', parameters },
  { type: 'web_search' as const, external_web_access: false },
];
const find = { type: 'function' as const, name: 'find', parameters, strict: false };
const crm = { type: 'namespace' as const, name: 'crm', description: 'Customers.', tools: [find] };
const user = (content: string) => ({ role: 'user' as const, content });

async function ask(model: string, input: ResponseInputItem[], stream: boolean) {
  const body = { model, input, tools, store: false };
  const response = stream
    ? await openai.responses.stream(body).finalResponse()
    : await openai.responses.create(body);
  return response;
}

describe.each(['gpt-5.4', 'gpt-5-mini', 'claude-haiku-4-5', 'gemini-2.5-flash'])('%s', (model) => {
  test.each([false, true])(
    'lets the client search for tools, and calls what it found (stream: %s)',
    async (stream) => {
      const question = user('[[call:tool_search {"query":"crm"}]]');
      const searched = await ask(model, [question], stream);
      expect(searched.output).toEqual([
        expect.objectContaining({
          type: 'tool_search_call',
          execution: 'client',
          arguments: { query: 'crm' },
          call_id: expect.any(String),
          status: 'completed',
        }),
      ]);
      // Without web access there is nothing that could be searched.
      expect(searched.tools.map(({ type }) => type)).toEqual(['tool_search']);

      const [call] = searched.output as [ResponseInputItem.ToolSearchCall];
      const found: ResponseInputItem = {
        type: 'tool_search_output',
        call_id: call.call_id ?? '',
        execution: 'client',
        status: 'completed',
        tools: [crm],
      };
      const history: ResponseInputItem[] = [question, call, found];
      const { output_text: text } = await ask(model, history, stream);
      expect(text).toContain('crm');
      // OpenAI finds the tools in the item itself, which the simulator does not.
      if (model.startsWith('gpt')) return;
      const { output } = await ask(model, [...history, user('[[call:crm__find {"query":"Ann"}]]')], stream);
      expect(output).toEqual([
        expect.objectContaining({
          type: 'function_call',
          namespace: 'crm',
          name: 'find',
          arguments: '{"query":"Ann"}',
        }),
      ]);
    },
  );
});
