import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CredentialWatch } from './credential-watch.ts';
import { type EventStream, type StreamOptions, Viewer } from './event-stream.ts';
import type { UnderWay } from './under-way.ts';

/** Silence after which a comment says that the connection lives; the HTML standard advises 15 s. */
const defaultSilenceMs = 15_000;
/** How often the silent streams are looked for, as a share of that silence. */
const looksPerSilence = 15;

export type EventStreams = {
  /**
   * Takes the connection over from Fastify and sends the headers. Throws the refusal of one viewer too many.
   */
  open(reply: FastifyReply, options?: StreamOptions): EventStream;
  /** Throws the refusal that `open` would, for those who make something first that is then to be watched. */
  refuseMore(request: FastifyRequest): void;
  /**
   * Asks every viewer to come back a little later and ends their streams; later ones end at once. Those with
   * a closing frame of their own may go on for `maxWaitMs`.
   */
  drain(maxWaitMs: number): void;
  count(): number;
};

/**
 * Server-sent events over `reply.hijack()`: `@fastify/sse` 0.6 never settles after a slow viewer leaves and
 * holds the shutdown up. One timer serves all streams. `onCount` gets how many are open whenever that
 * changes.
 *
 * Every blank line that is sent ends a block that has data. The HTML standard lets a block without data pass
 * unseen, but the official decoders of OpenAI for Python (1 to 3) and for Go (before 3.43) make an event of
 * it and fail on its empty data: comments and fields stand in the block of the event that follows them.
 */
export function createEventStreams({
  onCount = () => undefined,
  silenceMs = defaultSilenceMs,
  watching = null,
  credentials = null,
}: {
  onCount?: (open: number) => void;
  silenceMs?: number;
  /** Counts the viewers of each account who can come back; those without are calls of their own. */
  watching?: UnderWay | null;
  /** A stream ends with the credential it was opened with. */
  credentials?: CredentialWatch | null;
} = {}): EventStreams {
  const viewers = new Set<Viewer>();
  let wheel: NodeJS.Timeout | undefined;
  let closing: 'no' | 'soon' | 'now' = 'no';

  function turn(): void {
    const before = Date.now() - silenceMs;
    for (const viewer of viewers) viewer.sendHeartbeatSince(before);
  }

  function add(viewer: Viewer): void {
    viewers.add(viewer);
    wheel ??= setInterval(turn, silenceMs / looksPerSilence).unref();
    onCount(viewers.size);
  }

  function remove(viewer: Viewer): void {
    if (!viewers.delete(viewer)) return;
    onCount(viewers.size);
    if (viewers.size > 0) return;
    clearInterval(wheel);
    wheel = undefined;
  }

  return {
    open: (reply, options = {}) => {
      const { raw } = reply;
      const leave = options.closingFrame === undefined ? watching?.enter(reply.request.account) : undefined;
      reply.hijack();
      // Nobody needs the connection afterwards, and an idle one would hold the shutdown up.
      raw.shouldKeepAlive = false;
      raw.writeHead(200, headersOf(reply));
      raw.flushHeaders();
      const viewer = new Viewer(raw, options, remove);
      add(viewer);
      if (leave !== undefined) viewer.signal.addEventListener('abort', leave, { once: true });
      const credential = credentials?.watch(reply.request.caller);
      credential?.signal.addEventListener('abort', () => viewer.cut(), { once: true });
      viewer.signal.addEventListener('abort', () => credential?.drop(), { once: true });
      if (raw.destroyed) viewer.leave();
      else if (closing === 'now' || (closing === 'soon' && viewer.canComeBack)) viewer.sendClosingFrame();
      return viewer;
    },
    drain: (maxWaitMs) => {
      closing = 'soon';
      for (const viewer of viewers) if (viewer.canComeBack) viewer.sendClosingFrame();
      const end = () => {
        closing = 'now';
        for (const viewer of viewers) viewer.sendClosingFrame();
      };
      setTimeout(end, maxWaitMs).unref();
    },
    refuseMore: ({ account }) => watching?.refuseMore(account),
    count: () => viewers.size,
  };
}

/** What plugins and hooks had set (CORS, request id) is lost by hijacking unless it is carried over. */
function headersOf(reply: FastifyReply): Record<string, string | number | string[]> {
  const headers: Record<string, string | number | string[]> = {};
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) headers[name] = value;
  }
  return {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  };
}
