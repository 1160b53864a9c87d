import { expect, it } from 'vitest';
import type { z } from 'zod';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { problemsOf } from '../../../src/shared/formats/common/zod-problems.ts';

/**
 * What becomes of a field that an API documents: it is in the request in our words, it is a hint without
 * which the request is the same, or it is refused by its path and in words that say why.
 */
export type Decision = { honoured: Partial<ChatRequest> } | 'hint' | { refused: string; path?: string };

export type FieldCase = [field: string, value: unknown, decision: Decision];

type Surface = {
  schema: z.ZodType;
  minimal: object;
  requestOf: (read: unknown) => ChatRequest;
};

/** A field has one case at least for each value that means something else. */
export function decideFields({ schema, minimal, requestOf }: Surface, cases: FieldCase[]): void {
  const plain = requestOf(schema.parse(minimal));
  it.each(cases)('%s %j', (field, value, decision) => {
    const read = schema.safeParse({ ...minimal, [field]: value });
    const problems = read.success ? [] : problemsOf(read.error);
    if (decision !== 'hint' && 'refused' in decision) {
      const path = decision.path ?? field;
      expect(problems).toContainEqual(
        expect.objectContaining({ param: path, message: expect.stringContaining(decision.refused) }),
      );
      expect(problems.map(({ message }) => message).join()).not.toContain('is not a known field');
      return;
    }
    expect(problems).toEqual([]);
    const request = requestOf(read.data);
    expect(request).toEqual(decision === 'hint' ? plain : { ...plain, ...decision.honoured });
  });
}

/** Those of the fields that no case decides. */
export function undecided(fields: string[], cases: FieldCase[], minimal: object): string[] {
  const decided = new Set([...cases.map(([field]) => field), ...Object.keys(minimal)]);
  return fields.filter((field) => !decided.has(field));
}
