import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAttended } from '../../../src/shared/events/attended.ts';
import { createEventLog } from '../../../src/shared/events/event-log.ts';
import { openRedis, type RedisConnection } from '../../../src/shared/platform/redis/redis.ts';
import { openSubscriber, type Subscriber } from '../../../src/shared/platform/redis/subscriber.ts';
import { testRedis } from '../../support/redis.ts';
import { waitFor } from '../../support/wait-for.ts';

const settings = testRedis();
let redis: RedisConnection;
let subscribers: Subscriber[];
beforeAll(async () => {
  redis = openRedis(settings, 'commands', () => undefined);
  subscribers = [0, 1].map(() => {
    const connection = openRedis(settings, 'blocking', () => undefined);
    return openSubscriber({ redis, connection, prefix: settings.prefix });
  });
  await waitFor('redis', () => redis.status === 'ready');
});
afterAll(() => {
  for (const subscriber of subscribers) subscriber.close();
  redis.disconnect();
});

test('who begins to watch is heard by the writer of that job, in its process and by nobody else', async () => {
  const heard: string[] = [];
  const processes = subscribers.map((subscriber) => createAttended(subscriber, settings.prefix));
  const logs = processes.map(({ channel }) =>
    createEventLog({ redis, prefix: settings.prefix, writersChannel: channel }),
  );
  for (const [index, attended] of processes.entries()) {
    for (const jobId of ['job_a', 'job_b']) attended.on(jobId, () => heard.push(`${index} ${jobId}`));
  }
  await logs[0]?.open('job_a', 1, 'openai a');
  await logs[0]?.open('job_b', 1, 'openai b');
  // Its next attempt is made elsewhere.
  await logs[1]?.open('job_b', 2, 'openai b');
  await waitFor('both to be heard', () => {
    logs[1]?.attend('job_a');
    logs[1]?.attend('job_b');
    logs[1]?.attend('job_nobody_writes');
    return heard.includes('0 job_a') && heard.includes('1 job_b');
  });
  expect(new Set(heard)).toEqual(new Set(['0 job_a', '1 job_b']));
});

test('who has stopped listening hears nothing more, and others of the job do', async () => {
  const heard: string[] = [];
  const attended = createAttended(subscribers[0] as Subscriber, settings.prefix);
  const log = createEventLog({ redis, prefix: settings.prefix, writersChannel: attended.channel });
  await log.open('job_c', 1, 'openai c');
  const stop = attended.on('job_c', () => heard.push('one'));
  attended.on('job_c', () => heard.push('other'));
  stop();
  await waitFor('the other', () => {
    log.attend('job_c');
    return heard.length > 0;
  });
  expect(heard).not.toContain('one');
});
