import { type ClientRequest, type IncomingHttpHeaders, request } from 'node:http';

type Frame = { id: number; event: string; data: Record<string, unknown> };

export type SseClient = {
  status: number;
  headers: IncomingHttpHeaders;
  frames: Frame[];
  comments: string[];
  /** Everything that came, as it came. */
  raw(): string;
  /** Resolves when the server ended the stream; rejects when the connection was cut. */
  ended: Promise<void>;
  pause(): void;
  resume(): void;
  leave(): void;
};

/** Reads server-sent events by the rules of the HTML standard. */
export async function openSse(url: string, headers: Record<string, string> = {}): Promise<SseClient> {
  const frames: Frame[] = [];
  const comments: string[] = [];
  let text = '';
  let rest = '';
  let asked: ClientRequest | undefined;
  return await new Promise((resolve, reject) => {
    asked = request(url, { headers, agent: false }, (response) => {
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) readBlock(block, frames, comments);
      });
      const ended = new Promise<void>((done, fail) => {
        response.on('end', done);
        response.on('error', fail);
        response.on('close', () => fail(new Error('cut')));
      });
      ended.catch(() => undefined);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        frames,
        comments,
        raw: () => text,
        ended,
        pause: () => response.pause(),
        resume: () => response.resume(),
        leave: () => asked?.destroy(),
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

function readBlock(block: string, frames: Frame[], comments: string[]): void {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    if (line.startsWith(':')) comments.push(line.slice(1).trim());
    const at = line.indexOf(': ');
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 2));
  }
  const data = fields.get('data');
  if (data === undefined) return;
  frames.push({
    id: Number(fields.get('id')),
    event: fields.get('event') ?? 'message',
    data: JSON.parse(data) as Record<string, unknown>,
  });
}
