import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError, parseConfig } from '../../../src/shared/platform/config/config.ts';
import {
  armFailpoints,
  failpoint,
  failpointNames,
  parseFailpoints,
} from '../../../src/shared/platform/failpoints.ts';

afterEach(() => armFailpoints([]));

const environment = {
  DATABASE_URL: 'postgres://localhost/x',
  REDIS_URL: 'redis://localhost',
  OPENAI_API_KEY: 'key',
  SECRETS_KEY: randomBytes(32).toString('hex'),
};

describe('failpoints', () => {
  test('all of them are dead unless they were armed', async () => {
    expect(parseConfig(environment).failpoints).toEqual([]);
    for (const name of failpointNames) await failpoint(name);
  });

  test('an armed one fails its step, and only its own', async () => {
    armFailpoints([{ name: 'run.claimed', action: 'throw', ms: 0, probability: 1 }]);
    await expect(failpoint('run.claimed')).rejects.toThrow('failpoint run.claimed');
    await failpoint('run.answered');
  });

  test('one with probability 0 never fires', async () => {
    armFailpoints([{ name: 'run.claimed', action: 'throw', ms: 0, probability: 0 }]);
    await failpoint('run.claimed');
  });

  test('are written name=action:ms@probability, separated by commas', () => {
    expect(parseFailpoints('run.claimed=kill:50@0.25, delivery.posted=throw')).toEqual([
      { name: 'run.claimed', action: 'kill', ms: 50, probability: 0.25 },
      { name: 'delivery.posted', action: 'throw', ms: 0, probability: 1 },
    ]);
  });

  test('a part that is none is named', () => {
    expect(parseFailpoints('run.claimed=kill,run.nowhere=kill')).toBe('run.nowhere=kill');
    expect(() => parseConfig({ ...environment, FAILPOINTS: 'run.claimed=explode' })).toThrow(ConfigError);
  });

  test('are refused outside development', () => {
    const mistakes = () => {
      try {
        parseConfig({ ...environment, ENVIRONMENT: 'production', FAILPOINTS: 'run.claimed=kill' });
      } catch (error) {
        return (error as ConfigError).mistakes;
      }
      return [];
    };
    expect(mistakes()).toEqual(['FAILPOINTS: only for tests, in development; unset it']);
  });
});
