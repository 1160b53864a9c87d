import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, type Gateway, startGateway, whenEnded } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

let gateway: Gateway;
let account: Client;
let openai: OpenAI;
let anthropic: Anthropic;
/** The same SDKs, pointed straight at the provider's double. */
let openaiDirect: OpenAI;
let anthropicDirect: Anthropic;

beforeAll(async () => {
  gateway = await startGateway({});
  account = await gateway.openAccount('sdk', '100');
  openai = new OpenAI({ apiKey: account.key, baseURL: `${gateway.url}/v1` });
  anthropic = new Anthropic({ apiKey: account.key, baseURL: gateway.url });
  openaiDirect = new OpenAI({ apiKey: 'any', baseURL: `${gateway.simulatorUrl}/v1` });
  anthropicDirect = new Anthropic({ apiKey: 'any', baseURL: gateway.simulatorUrl });
});
afterAll(() => gateway.close());

const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];
const ask = (text: string) => [{ role: 'user' as const, content: text }];
const weather = {
  type: 'function' as const,
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

async function textOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>) {
  const report = {
    text: '',
    ids: new Set<string>(),
    usage: null as OpenAI.CompletionUsage | null,
    finish: '',
  };
  for await (const chunk of stream) {
    report.ids.add(chunk.id);
    report.text += chunk.choices[0]?.delta.content ?? '';
    report.finish = chunk.choices[0]?.finish_reason ?? report.finish;
    report.usage = chunk.usage ?? report.usage;
  }
  return report;
}

describe.each(models)('the OpenAI SDK over %s', (model) => {
  const body = { model, messages: ask('tell me of rivers'), max_tokens: 60 };

  test('plain and streamed, it says the same and counts the same', async () => {
    const { data: whole, response } = await openai.chat.completions.create(body).withResponse();
    expect(whole).toMatchObject({ object: 'chat.completion', model });
    expect(response.headers.get('x-job-id')).toMatch(/^job_/);
    const streamed = await openai.chat.completions.create({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    const report = await textOf(streamed);
    expect(report.text).toBe(whole.choices[0]?.message.content);
    expect(report.finish).toBe(whole.choices[0]?.finish_reason);
    expect(report.usage).toEqual(whole.usage);
    expect(report.ids.size).toBe(1);
  });

  test('tools are called, plain and streamed', async () => {
    const tools = { ...body, tools: [weather], tool_choice: 'required' as const };
    const whole = await openai.chat.completions.create(tools);
    const call = whole.choices[0]?.message.tool_calls?.[0];
    expect(call).toMatchObject({ type: 'function', function: { name: 'weather' } });
    const streamed = await openai.chat.completions.stream({ ...tools, stream: true }).finalChatCompletion();
    expect(streamed.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'weather' } });
    expect(streamed.choices[0]?.finish_reason).toBe('tool_calls');
  });

  test('a JSON schema is kept to', async () => {
    const schema = { type: 'object', properties: { river: { type: 'string' } }, required: ['river'] };
    const answer = await openai.chat.completions.create({
      ...body,
      response_format: { type: 'json_schema', json_schema: { name: 'river', schema } },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toHaveProperty('river');
  });
});

describe.each(models)('the Anthropic SDK over %s', (model) => {
  const body = { model, messages: ask('tell me of rivers'), max_tokens: 60 };

  test('plain and streamed, it says the same and counts the same', async () => {
    const whole = await anthropic.messages.create(body);
    expect(whole).toMatchObject({ type: 'message', role: 'assistant', model });
    const streamed = await anthropic.messages.stream(body).finalMessage();
    expect(streamed.content).toEqual(whole.content);
    expect(streamed.stop_reason).toBe(whole.stop_reason);
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
    expect(streamed.usage.input_tokens).toBe(whole.usage.input_tokens);
  });

  test('tools are called, and their results taken', async () => {
    const tools = [{ name: 'weather', input_schema: weather.function.parameters as { type: 'object' } }];
    const tool_choice = { type: 'any' as const };
    const whole = await anthropic.messages.create({ ...body, tools, tool_choice });
    const use = whole.content.find((block) => block.type === 'tool_use');
    expect(use).toMatchObject({ name: 'weather' });
    expect(whole.stop_reason).toBe('tool_use');
    const streamed = await anthropic.messages.stream({ ...body, tools, tool_choice }).finalMessage();
    expect(streamed.content.find((block) => block.type === 'tool_use')).toMatchObject({ name: 'weather' });
    const answer = await anthropic.messages.create({
      ...body,
      tools,
      messages: [
        ...body.messages,
        { role: 'assistant', content: whole.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: use?.id ?? '', content: 'rain' }] },
      ],
    });
    expect(answer.content.length).toBeGreaterThan(0);
  });

  test('tokens are counted, and never too few', async () => {
    const { input_tokens } = await anthropic.messages.countTokens({ model, messages: body.messages });
    const whole = await anthropic.messages.create(body);
    expect(input_tokens).toBeGreaterThanOrEqual(whole.usage.input_tokens);
  });
});

test('over its own provider a call says what the provider says', async () => {
  const chat = { messages: ask('of mountains'), max_tokens: 40 };
  const [ours, theirs] = await Promise.all([
    openai.chat.completions.create({ ...chat, model: 'openai/gpt-5-mini' }),
    openaiDirect.chat.completions.create({ ...chat, model: 'gpt-5-mini' }),
  ]);
  expect(ours.choices[0]?.message.content).toBe(theirs.choices[0]?.message.content);
  expect(ours.usage?.total_tokens).toBe(theirs.usage?.total_tokens);
  const [ourMessage, theirMessage] = await Promise.all([
    anthropic.messages.create({ ...chat, model: 'claude-haiku-4-5' }),
    anthropicDirect.messages.create({ ...chat, model: 'claude-haiku-4-5' }),
  ]);
  expect(ourMessage.content).toMatchObject(theirMessage.content.map(({ type }) => ({ type })));
  expect(ourMessage.usage.output_tokens).toBe(theirMessage.usage.output_tokens);
});

test('thinking, signatures and the stop sequence that was met come whole and streamed, and go back', async () => {
  const chat = {
    model: 'anthropic/claude-haiku-4-5',
    messages: ask('of END lakes [[reasoning:20]]'),
    max_tokens: 2000,
    stop_sequences: ['END'],
    thinking: { type: 'enabled' as const, budget_tokens: 1024 },
  };
  const theirs = await anthropicDirect.messages.create({ ...chat, model: 'claude-haiku-4-5' });
  const whole = await anthropic.messages.create(chat);
  const streamed = await anthropic.messages.stream(chat).finalMessage();
  for (const ours of [whole, streamed]) {
    // Beside what the SDK requires of a block and its provider leaves out.
    expect(ours.content).toMatchObject(theirs.content);
    expect(ours.content[0]).toMatchObject({ type: 'thinking', signature: expect.stringMatching(/^sig_/) });
    expect(ours).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' });
  }
  const { stop_sequences: _, thinking: __, ...asOpenai } = { ...chat, reasoning_effort: 'low' as const };
  const answer = await openai.chat.completions.create({ ...asOpenai, stop: ['END'] });
  const inPieces = await openai.chat.completions.stream({ ...asOpenai, stop: ['END'] }).finalChatCompletion();
  const own = { anthropic: { content: theirs.content, stop_sequence: 'END' } };
  expect(answer.choices[0]?.message).toMatchObject({ extra_content: own });
  expect(inPieces.choices[0]?.message).toMatchObject({ extra_content: own });
});

test('what an SDK has parsed for its user may be pushed back as it is', async () => {
  const model = 'openai/gpt-5-mini';
  const strict = { ...weather, function: { ...weather.function, strict: true } };
  const report = await openai.chat.completions.stream({ model, messages: ask('hi') }).finalChatCompletion();
  const called = await openai.chat.completions
    .stream({ model, messages: ask('hi'), tools: [strict], tool_choice: 'required' })
    .finalChatCompletion();
  const [message, calling] = [report.choices[0]?.message, called.choices[0]?.message];
  expect(message).toHaveProperty('parsed');
  expect(calling?.tool_calls?.[0]).toHaveProperty('function.parsed_arguments');
  const id = calling?.tool_calls?.[0]?.id ?? '';
  const history = [message, ...ask('go on'), calling].flatMap((one) => (one ? [one] : []));
  const answer = await openai.chat.completions.create({
    model,
    tools: [strict],
    messages: [...ask('hi'), ...history, { role: 'tool', tool_call_id: id, content: 'rain' }],
  });
  expect(answer.choices[0]?.message.content).toBeTruthy();

  const { strict: _, ...bare } = strict.function;
  const tools = [{ ...bare, type: 'function' as const, strict: true }];
  const ran = await openai.responses.parse({ model, input: 'hi', tools, tool_choice: 'required' });
  const text = await openai.responses.stream({ model, input: 'hi' }).finalResponse();
  expect(ran.output[0]).toHaveProperty('parsed_arguments');
  const next = await openai.responses.create({
    model,
    tools,
    input: [
      ...text.output,
      ...ask('go on'),
      ...ran.output,
      ...ran.output.flatMap((item) =>
        item.type === 'function_call'
          ? [{ type: 'function_call_output' as const, call_id: item.call_id, output: 'rain' }]
          : [],
      ),
    ] as OpenAI.Responses.ResponseInput,
  });
  expect(next.status).toBe('completed');
});

test("a call's signature comes streamed in every dialect", async () => {
  const chat = {
    model: 'google/gemini-2.5-flash',
    messages: ask('call [[reasoning:20]]'),
    max_tokens: 2000,
  };
  const signed = { extra_content: { google: { thought_signature: expect.stringMatching(/^thought_/) } } };
  const called = await openai.chat.completions
    .stream({ ...chat, tools: [weather], tool_choice: 'required' })
    .finalChatCompletion();
  expect(called.choices[0]?.message.tool_calls?.[0]).toMatchObject(signed);
  const tools = [{ name: 'weather', input_schema: weather.function.parameters as { type: 'object' } }];
  const message = await anthropic.messages
    .stream({ ...chat, tools, tool_choice: { type: 'any' } })
    .finalMessage();
  expect(message.content[0]).toMatchObject({ type: 'tool_use', ...signed });
  const response = await openai.responses.create({
    model: chat.model,
    input: 'call [[reasoning:20]]',
    tools: [{ type: 'function', name: 'weather', strict: false, parameters: weather.function.parameters }],
    tool_choice: 'required',
  });
  expect(response.output[0]).toMatchObject({ type: 'function_call', ...signed });
});

describe('a call under an Idempotency-Key that was used', () => {
  const chat = { messages: ask('tell me of rivers'), max_tokens: 60 };

  async function post(path: string, body: object, key: string) {
    const answer = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${account.key}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(body),
    });
    const { headers } = answer;
    const [jobId, replayed] = [headers.get('x-job-id') ?? '', headers.get('idempotent-replayed')];
    return { status: answer.status, jobId, replayed, text: await answer.text() };
  }

  test.each<[string, object]>([
    ['/v1/chat/completions', { ...chat, model: 'openai/gpt-5-mini' }],
    ['/v1/chat/completions', { ...chat, model: 'openai/gpt-5-mini', stream: true }],
    ['/v1/messages', { ...chat, model: 'anthropic/claude-haiku-4-5' }],
    ['/v1/messages', { ...chat, model: 'anthropic/claude-haiku-4-5', stream: true }],
    ['/v1/responses', { model: 'openai/gpt-5-mini', input: 'tell me of rivers' }],
    ['/v1/responses', { model: 'openai/gpt-5-mini', input: 'tell me of rivers', stream: true }],
  ])('is answered the same on %s, and says so: %j', async (path, body) => {
    const key = `again ${path} ${'stream' in body}`;
    const first = await post(path, body, key);
    const second = await post(path, body, key);
    expect(first).toMatchObject({ status: 200, replayed: null });
    expect(second).toEqual({ ...first, replayed: 'true' });
    // However much later it is asked for.
    await gateway.sql`update jobs set created_at = created_at - interval '1 hour' where id = ${first.jobId}`;
    if (!('stream' in body)) expect((await post(path, body, key)).text).toBe(first.text);
  });

  test('fails the same, and says so', async () => {
    const body = { ...chat, model: 'openai/gpt-5-mini', messages: ask('[[fault:400]]') };
    const first = await post('/v1/chat/completions', body, 'failed');
    const second = await post('/v1/chat/completions', body, 'failed');
    expect(first).toMatchObject({ status: 400, replayed: null });
    expect(second).toMatchObject({ status: 400, replayed: 'true', jobId: first.jobId });
  });
});

describe('what goes wrong is told in the words of each SDK', () => {
  const model = 'openai/gpt-5-mini';
  const failing = (marker: string) => ({ model, messages: ask(marker), max_tokens: 20 });

  test.each<[string, string, number]>([
    ['a request the provider refuses', '[[fault:code status=400]]', 400],
    ['a key it refuses', '[[fault:401]]', 502],
  ])('%s', async (_, marker, status) => {
    const error = await openai.chat.completions.create(failing(marker)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect((error as InstanceType<typeof OpenAI.APIError>).status).toBe(status);
    const other = await anthropic.messages.create(failing(marker)).catch((reason: unknown) => reason);
    expect(other).toBeInstanceOf(Anthropic.APIError);
    expect((other as InstanceType<typeof Anthropic.APIError>).status).toBe(status);
  });

  test('an unknown model and a missing key', async () => {
    const unknown = openai.chat.completions.create({ ...failing('x'), model: 'none' });
    await expect(unknown).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const nobody = new Anthropic({ apiKey: 'gw_x_y', baseURL: gateway.url });
    await expect(nobody.messages.create(failing('x'))).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
  });

  test('an account without money', async () => {
    const poor = await gateway.openAccount('poor', '0');
    const client = new OpenAI({ apiKey: poor.key, baseURL: `${gateway.url}/v1` });
    await expect(client.chat.completions.create(failing('x'))).rejects.toMatchObject({
      status: 402,
      type: 'insufficient_funds',
    });
  });
});

describe('an answer that breaks off after some of it was told', () => {
  const cut = (name: string) => `${name} [[fault:cut at=4 times=1]] [[length:100]]`;
  const newest = async () => (await account.call('GET /v1/jobs?limit=1')).json.data[0];
  const expectNothingCharged = async () => {
    const job = await whenEnded(account, (await newest()).id);
    expect(job).toMatchObject({ status: 'failed', charge_usd: '0.000000000', attempts: 1 });
    expect(job.error.type).toBe('outcome_unknown');
    return job;
  };

  test('fails a chat completion and costs nothing', async () => {
    const stream = await openai.chat.completions.create({
      model: 'openai/gpt-4.1-mini',
      messages: ask(cut('chat')),
      stream: true,
    });
    await expect(textOf(stream)).rejects.toMatchObject({ code: 'outcome_unknown' });
    await expectNothingCharged();
  });

  test('fails a message and costs nothing', async () => {
    const body = { model: 'anthropic/claude-haiku-4-5', messages: ask(cut('message')), max_tokens: 200 };
    await expect(anthropic.messages.stream(body).finalMessage()).rejects.toBeInstanceOf(Anthropic.APIError);
    await expectNothingCharged();
  });

  test('fails a response, now and whenever it is looked at', async () => {
    const stream = openai.responses.stream({ model: 'openai/gpt-4.1-mini', input: cut('response') });
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    expect(types.at(-1)).toBe('response.failed');
    const { id } = await expectNothingCharged();
    const stored = await openai.responses.retrieve(id.replace('job_', 'resp_'));
    expect(stored).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
  });
});

describe('a client that goes away', () => {
  test('in the middle of a stream ends the call, and is charged for what was produced and no more', async () => {
    await fetch(`${gateway.simulatorUrl}/__simulator/config`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ chunk_delay_ms: 60 }),
    });
    const { data, response } = await openai.chat.completions
      .create({ model: 'openai/gpt-4.1-mini', messages: ask('a long story'), max_tokens: 400, stream: true })
      .withResponse();
    for await (const chunk of data) if (chunk.choices[0]?.delta.content) break;
    data.controller.abort();
    const jobId = response.headers.get('x-job-id') ?? '';
    const job = await whenEnded(account, jobId);
    expect(job.status).toBe('cancelled');
    expect(job.usage).toMatchObject({ estimated: true });
    expect(job.usage.completion_tokens).toBeLessThan(100);
    expect(Number(job.charge_usd)).toBeGreaterThan(0);
    expect(Number(job.charge_usd)).toBeLessThan(Number(job.hold_usd));
    await fetch(`${gateway.simulatorUrl}/__simulator/config`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ chunk_delay_ms: 0 }),
    });
  });

  const again = { 'x-stainless-retry-count': '1' };

  /** Posts a call, leaves once `isPlaced` says so, and gives the id of its job. */
  async function leaveOnce(body: object, isPlaced: (jobId: string) => Promise<boolean>): Promise<string> {
    const newest = async () => {
      const [row] = await gateway.sql<
        { id: string }[]
      >`select job_id as id from sync_calls order by created_at desc limit 1`;
      return row?.id ?? '';
    };
    const before = await newest();
    const impatient = new AbortController();
    const first = fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${account.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: impatient.signal,
    }).catch(() => null);
    await waitFor('the call to be placed', async () => {
      const id = await newest();
      return id !== before && (await isPlaced(id));
    });
    impatient.abort();
    await first;
    return await newest();
  }
  const callOf = (text: string) => ({ model: 'openai/gpt-5-mini', messages: ask(text), max_tokens: 20 });

  test('and asks again as the SDKs do gets the answer of the first call', async () => {
    const body = callOf('[[latency:1500]] once');
    const isRunning = async (id: string) =>
      (await gateway.sql`select 1 from jobs where id = ${id} and state = 'running'`).length > 0;
    const jobId = await leaveOnce(body, isRunning);
    const { status, headers } = await account.call('POST /v1/chat/completions', body, again);
    expect(status).toBe(200);
    expect(headers.get('x-job-id')).toBe(jobId);
  });

  test('even when the first call is still on its way into the database: both are one job', async () => {
    const body = callOf('held up');
    let repeated: ReturnType<Client['call']> | undefined;
    let jobId = '';
    await gateway.sql.begin(async (tx) => {
      await tx`select 1 from balances where account_id = 'sdk' for update`;
      jobId = await leaveOnce(body, async () => true);
      repeated = account.call('POST /v1/chat/completions', body, again);
      await waitFor(
        'the repeated call to be placed',
        async () =>
          (await gateway.sql`select 1 from sync_calls where job_id = ${jobId} and asks = 2`).length > 0,
      );
    });
    const answer = await repeated;
    expect(answer?.status).toBe(200);
    expect(answer?.headers.get('x-job-id')).toBe(jobId);
    const holds = await gateway.sql`select 1 from entries where job_id = ${jobId} and type = 'hold'`;
    expect(holds).toHaveLength(1);
  });

  test('and asks again after the first call failed gets a new try', async () => {
    const body = callOf('[[fault:400]]');
    const first = await account.call('POST /v1/chat/completions', body);
    const second = await account.call('POST /v1/chat/completions', body, again);
    expect([first.status, second.status]).toEqual([400, 400]);
    expect(second.headers.get('x-job-id')).not.toBe(first.headers.get('x-job-id'));
  });
});
