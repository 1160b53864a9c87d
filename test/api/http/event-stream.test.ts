import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { FastifyReply } from 'fastify';
import { describe, expect, test } from 'vitest';
import type { EventStream, StreamOptions } from '../../../src/api/http/event-stream.ts';
import { createEventStreams } from '../../../src/api/http/event-streams.ts';
import { blocksWithoutData, linesOfNoVendor, sentBlocks } from '../../support/sent-blocks.ts';
import { waitFor } from '../../support/wait-for.ts';

const mebibyte = 1024 * 1024;
const frame = `: ${'x'.repeat(16 * 1024)}\n\n`;

test('a viewer that reads nothing is dropped when 1 MiB waits for it, not before; the others get everything', async () => {
  const streams = createEventStreams();
  const opened: { raw: ServerResponse; stream: EventStream }[] = [];
  const server = createServer((_request, raw) => {
    const reply = { raw, hijack: () => undefined, getHeaders: () => ({}) } as unknown as FastifyReply;
    opened.push({ raw, stream: streams.open(reply) });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const view = async () => {
    const before = opened.length;
    const socket = connect(port, '127.0.0.1').pause();
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    return { socket, ...(await waitFor('the stream', () => opened[before])) };
  };
  const stuck = await view();
  const reading = await view();
  let bytes = 0;
  reading.socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  reading.socket.resume();

  let sent = 0;
  let waiting = 0;
  while (!stuck.stream.signal.aborted) {
    waiting = Math.max(waiting, stuck.raw.writableLength);
    for (const { stream } of [stuck, reading]) stream.write(frame);
    sent += frame.length;
    // What the system's own buffers take does not wait here.
    await waitFor('the other to have it', () => bytes >= sent);
  }
  expect(waiting).toBeGreaterThan(mebibyte);
  expect(waiting).toBeLessThan(mebibyte + 2 * frame.length);
  expect(reading.stream.signal.aborted).toBe(false);
  expect(streams.count()).toBe(1);
  streams.drain(0);
  for (const { socket } of [stuck, reading]) socket.destroy();
  server.close();
});

test('several who catch up on one stream share what may wait for it: a reader that pauses is not dropped for them', async () => {
  const streams = createEventStreams();
  let stream: EventStream | undefined;
  const server = createServer((_request, raw) => {
    const reply = { raw, hijack: () => undefined, getHeaders: () => ({}) } as unknown as FastifyReply;
    stream = streams.open(reply);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const opened = await waitFor('the stream', () => stream);
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  socket.pause();
  const large = `: ${'x'.repeat(64 * 1024)}\n\n`;
  const catchUp = async () => {
    for (let n = 0; n < 10; n += 1) {
      await opened.writePaced(() => large);
    }
  };
  const writers = Promise.all(Array.from({ length: 20 }, catchUp));
  socket.resume();
  await writers;
  expect(opened.signal.aborted).toBe(false);
  opened.end();
  await waitFor('all of it', () => received.endsWith('0\r\n\r\n'));
  expect(received.split(': xxx').length - 1).toBe(200);
  server.close();
});

describe('what a decoder that makes an event of every blank line finds', () => {
  const event = 'event: note\ndata: {"n":1}\n\n';

  /** A stream that is silent, has two events, is silent again and ends because the server closes. */
  async function everythingSent(options: StreamOptions): Promise<string> {
    const streams = createEventStreams({ silenceMs: 15 });
    let stream: EventStream | undefined;
    const server = createServer((_request, raw) => {
      const reply = { raw, hijack: () => undefined, getHeaders: () => ({}) } as unknown as FastifyReply;
      stream = streams.open(reply, options);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    const opened = await waitFor('the stream', () => stream);
    let text = '';
    const reading = (async () => {
      for await (const chunk of answer.body ?? []) text += Buffer.from(chunk).toString();
    })();
    const comments = () => text.split(': still here\n').length - 1;
    await waitFor('a comment before any event', () => comments() > 0);
    opened.write(event + event);
    const before = comments();
    await waitFor('a comment after them', () => comments() > before);
    opened.write(event);
    streams.drain(0);
    await reading;
    server.close();
    return text;
  }

  test.each([
    ['ours', { sendsRetryField: true }],
    ['a resumable one of OpenAI', {}],
    ['one that cannot be resumed', { closingFrame: () => 'event: error\ndata: {}\n\n' }],
  ] as [string, StreamOptions][])(
    '%s: data in every block, comments and fields included',
    async (_, options) => {
      const sent = await everythingSent(options);
      expect(sentBlocks(sent).length).toBeGreaterThanOrEqual(3);
      expect(blocksWithoutData(sent)).toEqual([]);
      if (options.sendsRetryField === true) expect(sent).toMatch(/\nretry: 1000\nevent: note\n/);
      else expect(linesOfNoVendor(sent)).toEqual([]);
    },
  );
});
