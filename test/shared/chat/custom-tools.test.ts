import { expect, it } from 'vitest';
import type { Tool } from '../../../src/shared/chat/chat.ts';
import { customArguments, customInput, describeTool } from '../../../src/shared/chat/custom-tools.ts';

it.each(['', 'plain', '{"a":1}', 'quotes " and \n lines'])(
  'takes %j into arguments and out again',
  (text) => {
    expect(customInput(customArguments(text))).toBe(text);
  },
);

const tool = (format: unknown, description?: string): Tool => ({
  type: 'function',
  custom: { format },
  function: { name: 'patch', ...(description && { description }) },
});

it.each([
  ['chat completions', { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "x"' } }],
  ['the Responses API', { type: 'grammar', syntax: 'lark', definition: 'start: "x"' }],
])('describes a grammar as %s has it', (_surface, format) => {
  expect(describeTool(tool(format, 'Patches.'))).toBe(
    'Patches.\n\nThe text of "input" follows this lark grammar:\nstart: "x"',
  );
});

it.each([null, { type: 'text' }])('adds nothing for the format %j', (format) => {
  expect(describeTool(tool(format, 'Patches.'))).toBe('Patches.');
  expect(describeTool(tool(format))).toBeUndefined();
});
