import { expect, test } from 'vitest';
import { invalid, type Refusal } from '../../../../src/shared/errors.ts';
import { nameFields } from '../../../../src/shared/formats/common/field-names.ts';
import type { Surface } from '../../../../src/shared/jobs/rules/job.ts';

const enabled = { thinking: { type: 'enabled', budget_tokens: 2000 } };

test.each<[surface: Surface, param: string, body: object, named: string]>([
  ['chat', 'request.reasoning_effort', {}, 'reasoning_effort'],
  ['responses', 'request.reasoning_effort', {}, 'reasoning.effort'],
  ['messages', 'request.reasoning_effort', {}, 'output_config.effort'],
  ['messages', 'request.reasoning_effort', { thinking: null }, 'output_config.effort'],
  ['messages', 'request.reasoning_effort', enabled, 'thinking.type.enabled'],
  [
    'messages',
    'request.reasoning_effort',
    { ...enabled, output_config: { effort: 'high' } },
    'thinking.type.enabled',
  ],
  ['messages', 'request.stop', {}, 'stop_sequences'],
  ['messages', 'request.tools.2.function.name', {}, 'tools.2.name'],
  ['responses', 'request.messages.4', {}, 'input'],
  ['chat', 'request.tools.2.function.name', {}, 'tools.2.function.name'],
])('on %s %s of %j is %s', (surface, param, body, named) => {
  const refusal = nameFields(surface, invalid([{ param, message: 'not here' }]), body) as Refusal;
  expect([refusal.extras.param, refusal.message]).toEqual([named, `${named}: not here`]);
});
