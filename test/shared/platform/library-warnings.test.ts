import { expect, test } from 'vitest';
import { logLibraryWarnings } from '../../../src/shared/platform/library-warnings.ts';
import type { Log } from '../../../src/shared/platform/log.ts';

test('what a library prints is logged, each text once, and no more than a hundred', () => {
  const logged: unknown[] = [];
  const target = { warn: (..._words: unknown[]) => undefined };
  logLibraryWarnings({ warn: (fields: unknown) => logged.push(fields) } as unknown as Log, target);
  for (let call = 0; call < 3; call += 1) target.warn('The model', 'claude-x', 'is deprecated');
  expect(logged).toEqual([{ warning: 'The model claude-x is deprecated' }]);
  for (let call = 0; call < 200; call += 1) target.warn(call);
  expect(logged).toHaveLength(100);
});
