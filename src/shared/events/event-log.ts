import { countsReceivers, type RedisConnection, redisKey } from '../platform/redis/redis.ts';
import { createRedisScript } from '../platform/redis/redis-script.ts';
import { resultWithin } from '../platform/wait-at-most.ts';
import type { LoggedEvent } from './rules/event.ts';

/**
 * The log of a job is kept at least this long after its last event; after that its end is read from Postgres.
 */
const keptMsMin = 24 * 60 * 60 * 1000;
/** An hour more, so that not every event has to say so again. */
const keptMs = keptMsMin + 60 * 60 * 1000;

/** Redis may be slow or away; nothing waits longer for it than this. */
const answerMsMax = 1000;

/** What the rarer scripts begin with. */
const prelude = `
local function last_id()
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  if newest[1] then return tonumber(string.match(newest[1][1], '^%d+')) end
  return 0
end
local function keep()
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
local function run_now() return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') end
local attempt = tonumber(ARGV[1])
local newest_attempt = tonumber(redis.call('HGET', KEYS[2], 'attempt') or '0')
`;

const openScript = createRedisScript(`${prelude}
if attempt < newest_attempt then return {-1, '', '', ''} end
local target = redis.call('HGET', KEYS[2], 'target')
local text = redis.call('HGET', KEYS[2], 'text')
local run_before = redis.call('HGET', KEYS[2], 'run')
local run = run_now()
redis.call('HSET', KEYS[2], 'attempt', attempt, 'target', ARGV[3], 'run', run, 'process', ARGV[4])
keep()
local restarted = '0'
if run_before and run_before ~= run then restarted = '1' end
return {last_id(), target or '', text or '0', restarted}
`);

// The one that runs for every delta: Redis itself refuses an id that is there already, and what has not
// changed is not written.
const appendScript = createRedisScript(`
local attempt = tonumber(ARGV[1])
local held = redis.call('HMGET', KEYS[2], 'attempt', 'text')
if attempt < tonumber(held[1] or '0') then return -1 end
local id = tonumber(ARGV[5])
for i = 8, #ARGV, 2 do
  local added = redis.pcall('XADD', KEYS[1], id .. '-0', 't', ARGV[i], 'f', ARGV[i + 1])
  if added.err and not string.find(added.err, 'equal or smaller', 1, true) then return added end
  id = id + 1
end
if held[1] ~= ARGV[1] then redis.call('HSET', KEYS[2], 'attempt', attempt) end
if ARGV[7] ~= '' and held[2] ~= ARGV[7] then redis.call('HSET', KEYS[2], 'text', ARGV[7]) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) or not held[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return redis.call('PUBLISH', ARGV[4], ARGV[6])
`);

const closeScript = createRedisScript(`${prelude}
if newest_attempt <= attempt then redis.call('HSET', KEYS[2], 'attempt', attempt + 1) end
keep()
local held = redis.call('HMGET', KEYS[2], 'text', 'run')
if held[1] ~= '1' and held[2] ~= run_now() then return {last_id(), ''} end
return {last_id(), held[1] or '0'}
`);

const attendScript = createRedisScript(`
local process = redis.call('HGET', KEYS[1], 'process')
if process and process ~= '' then redis.call('PUBLISH', process, ARGV[1]) end
`);

/** What a writer finds when it opens the log. */
export type OpenedLog = {
  /** Id of the last event kept, 0 when none is. */
  last: number;
  /** `provider/model` of the attempt before, or null when the log does not know. */
  previousTarget: string | null;
  /** The attempts before have written output that no reset has taken back. */
  hasText: boolean;
  /** Redis was restarted since the attempt before began: the newest of its events may be missing. */
  restarted: boolean;
};

/** What is known of a log that no writer gets into any more. */
export type ClosedLog = {
  /** Id of the last event kept, 0 when none is. */
  last: number;
  /**
   * It holds output that no reset has taken back; null when there may have been: the log, or the newest of
   * it, was lost.
   */
  hasText: boolean | null;
};

export type Append = { attempt: number; firstId: number; events: { type: string; fields: string }[] };

export type Appended = {
  /** Whether anybody watches; also true where Redis cannot know. */
  isWatched: boolean;
};

export type EventLog = ReturnType<typeof createEventLog>;

/**
 * The events of running jobs that stream, in Redis, one stream per job: from id 2 on, without the final one.
 * An entry's id is `<id>-0`, so Redis itself refuses an id that was used; a hash beside it holds the newest
 * attempt, whose writer alone gets in. Nothing here is a truth: when it is lost, the end of a job is read
 * from Postgres.
 */
export function createEventLog({
  redis,
  prefix,
  writersChannel = '',
}: {
  redis: RedisConnection;
  prefix: string;
  /** Where the writers of this process hear that somebody watches their job. */
  writersChannel?: string;
}) {
  const keysOf = (jobId: string) =>
    [redisKey(prefix, 'events', jobId), redisKey(prefix, 'writer', jobId)] as [string, string];

  return {
    /**
     * Lets this attempt in and every earlier one out; null when a later one is already in. Rejects when Redis
     * is away.
     */
    async open(jobId: string, attempt: number, target: string): Promise<OpenedLog | null> {
      const answer = await openScript(redis, keysOf(jobId), [attempt, keptMs, target, writersChannel]);
      const [last, previous, text, restarted] = answer as [number, string, string, string];
      if (last < 0) return null;
      return {
        last,
        previousTarget: previous === '' ? null : previous,
        hasText: text === '1',
        restarted: restarted === '1',
      };
    },

    /**
     * Writes events with ids from `firstId` on and publishes them. Appending the same twice is appending it
     * once. Null when a later attempt has taken over: nothing was written. Rejects when Redis is away. One at
     * a time for each job: an id that comes after a higher one is taken for one that is there already.
     */
    async append(jobId: string, { attempt, firstId, events }: Append): Promise<Appended | null> {
      const signal = toSignal(events.map((event, index) => ({ id: firstId + index, ...event })));
      const logged = events.flatMap(({ type, fields }) => [type, fields]);
      const about = [channelOf(prefix, jobId), firstId, signal, textAfter(events)];
      const receivers = await appendScript(redis, keysOf(jobId), [
        attempt,
        keptMs,
        keptMsMin,
        ...about,
        ...logged,
      ]);
      if (Number(receivers) < 0) return null;
      return { isWatched: Number(receivers) > 0 || !countsReceivers(redis) };
    },

    /** Signals to the writer of a job that somebody watches. Never fails, never waits. */
    attend(jobId: string): void {
      const [, writer] = keysOf(jobId);
      attendScript(redis, [writer], [jobId]).catch(() => undefined);
    },

    /** Lets no writer of this or an earlier attempt in any more; null when Redis is away. */
    async close(jobId: string, attempt: number): Promise<ClosedLog | null> {
      const answer = await orNull(closeScript(redis, keysOf(jobId), [attempt, keptMs]));
      if (answer === null) return null;
      const [last, text] = answer as [number, string];
      return { last, hasText: text === '' ? null : text === '1' };
    },

    /**
     * Removes what is kept of a job's events, once its content is to be erased. Rejects when Redis is away.
     */
    async erase(jobId: string): Promise<void> {
      await redis.del(...keysOf(jobId));
    },

    /** At most `count` events after an id, in order; null when Redis is away. */
    async read(jobId: string, after: number, count: number): Promise<LoggedEvent[] | null> {
      const [stream] = keysOf(jobId);
      const entries = await orNull(redis.xrange(stream, `(${after}-0`, '+', 'COUNT', count));
      return (
        entries?.map(([id, [, type = '', , fields = '{}']]) => ({ id: parseInt(id, 10), type, fields })) ??
        null
      );
    },

    /** Id of the last event kept, 0 when none is; null when Redis is away. */
    async lastId(jobId: string): Promise<number | null> {
      const [stream] = keysOf(jobId);
      const newest = await orNull(redis.xrevrange(stream, '+', '-', 'COUNT', 1));
      if (newest === null) return null;
      return parseInt(newest[0]?.[0] ?? '0', 10);
    },
  };
}

/** Where the signals of a job are published: events as JSON, or nothing when the job's row changed. */
export function channelOf(prefix: string, jobId: string): string {
  return redisKey(prefix, 'changed', jobId);
}

/** Events as they are published. */
export function toSignal(events: LoggedEvent[]): string {
  return JSON.stringify(events.map(({ id, type, fields }) => [id, type, fields]));
}

/** Reads what was published. */
export function parseSignal(message: string): LoggedEvent[] {
  if (message === '') return [];
  const events = JSON.parse(message) as [number, string, string][];
  return events.map(([id, type, fields]) => ({ id, type, fields }));
}

const outputTypes = new Set(['output.delta', 'output.reasoning', 'output.tool_call', 'output.passed']);

/** Whether the log holds output after these events: '1', '0', or '' when they change nothing about it. */
function textAfter(events: Append['events']): string {
  if (events.some(({ type }) => outputTypes.has(type))) return '1';
  return events.some(({ type }) => type === 'output.reset') ? '0' : '';
}

async function orNull<Value>(work: Promise<Value>): Promise<Value | null> {
  return await resultWithin(answerMsMax, work, 'redis').catch(() => null);
}
