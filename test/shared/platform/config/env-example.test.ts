import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { variableNames } from '../../../../src/shared/platform/config/config.ts';

test('.env.example lists every variable once, and no other', () => {
  const text = readFileSync(new URL('../../../../.env.example', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^# ([A-Z_]+)=/gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual([...variableNames].sort());
});

test('.env.example says of every variable what it is for', () => {
  const text = readFileSync(new URL('../../../../.env.example', import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => /^# [A-Z_]+=/.test(line));
  for (const line of lines) expect(line).toMatch(/ {2,}# \S/);
});
