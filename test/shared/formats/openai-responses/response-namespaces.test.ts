import { expect, it } from 'vitest';
import {
  clientNames,
  toCalledName,
} from '../../../../src/shared/formats/openai-responses/response-namespaces.ts';

it.each([
  ['mcp__docs', 'look', 'mcp__docs__look'],
  ['mcp__docs__', 'look', 'mcp__docs__look'],
  ['crm.eu', 'find', 'crm_eu__find'],
  ['functions', 'exec', 'exec'],
  [null, 'look', 'look'],
  [undefined, 'look', 'look'],
])('a function of %s named %s is called %s', (namespace, name, called) => {
  expect(toCalledName(namespace, name)).toBe(called);
});

it('a name that is too long is cut, and stays another than any other', () => {
  const names = ['a', 'b'].map((end) => toCalledName('mcp__a_server', `${'tool_'.repeat(12)}${end}`));
  for (const name of names) expect(name).toMatch(/^mcp__a_server__[A-Za-z0-9_-]+$/);
  expect(names.map(({ length }) => length)).toEqual([64, 64]);
  expect(new Set(names).size).toBe(2);
});

it('a client gets its own two names back', () => {
  const tools = [
    { type: 'function', name: 'plain' },
    { type: 'namespace', name: 'mcp__docs', tools: [{ type: 'function', name: 'look' }] },
    { type: 'namespace', name: 'functions', tools: [{ type: 'custom', name: 'exec' }] },
  ];
  expect(Object.fromEntries(clientNames(tools))).toEqual({
    mcp__docs__look: { name: 'look', namespace: 'mcp__docs' },
    exec: { name: 'exec', namespace: 'functions' },
  });
});
