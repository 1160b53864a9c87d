import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Answers every chat completion at once with the same bytes: what a provider costs is in no figure that is
 * measured with it. A stream has 20 chunks of text.
 */
const head = { id: 'chatcmpl-0', created: 1_700_000_000, model: 'gpt-5-mini' };
const usage = { prompt_tokens: 270, completion_tokens: 40, total_tokens: 310 };
const pieces = Array.from({ length: 20 }, (_, n) => `piece ${n} `);
const whole = JSON.stringify({
  ...head,
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: pieces.join(''), refusal: null },
      finish_reason: 'stop',
    },
  ],
  usage,
});
const chunks = [
  ...pieces.map((content) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  { choices: [], usage },
].map((part) => `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...part })}\n\n`);

const server = createServer((request, response) => {
  const body: Buffer[] = [];
  request.on('data', (bytes: Buffer) => body.push(bytes));
  request.on('end', () => {
    if (!Buffer.concat(body).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
      response.end(whole);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const chunk of chunks) response.write(chunk);
    response.end('data: [DONE]\n\n');
  });
});
// Never closed under a client that is about to call again.
server.keepAliveTimeout = 0;
process.once('SIGTERM', () => process.exit(0));
server.listen(0, '127.0.0.1', () => {
  console.log(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
