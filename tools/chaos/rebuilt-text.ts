/** The fields of an event that say what the output is. */
type OutputFields = {
  attempt?: number;
  offset?: number;
  choice?: number;
  text?: string;
  choices?: { choice: number; text: string }[];
};

export type RebuiltText = {
  /** Takes one event; gives a sentence for everything about it that cannot be. */
  apply(type: string, fields: OutputFields): string[];
  /** The text of one choice, '' when nothing of it came. */
  text(choice: number): string;
};

/**
 * Puts the output of a job together from its events, by attempt, choice and offset (UTF-16 units): a delta
 * goes on where the text of its choice ends, a reset empties everything, a snapshot replaces it.
 */
export function createRebuiltText(): RebuiltText {
  let attempt: number | null = null;
  const texts = new Map<number, string>();

  function applyDelta(fields: OutputFields): string[] {
    const { choice = 0, offset = -1, text = '' } = fields;
    const wrong: string[] = [];
    if (attempt !== null && fields.attempt !== attempt)
      wrong.push(`text of attempt ${fields.attempt} follows that of attempt ${attempt} without a reset`);
    attempt = fields.attempt ?? null;
    const before = texts.get(choice) ?? '';
    if (offset > before.length)
      wrong.push(`text is missing between ${before.length} and ${offset} of choice ${choice}`);
    if (offset < before.length)
      wrong.push(`text from ${offset} to ${before.length} of choice ${choice} came twice`);
    texts.set(choice, before.slice(0, Math.max(0, offset)) + text);
    return wrong;
  }

  return {
    apply: (type, fields) => {
      if (type === 'output.delta') return applyDelta(fields);
      if (type !== 'output.reset' && type !== 'output.snapshot') return [];
      attempt = null;
      texts.clear();
      if (type === 'output.reset') return [];
      for (const { choice, text } of fields.choices ?? []) texts.set(choice, text);
      if (!texts.has(0)) texts.set(0, fields.text ?? '');
      return texts.get(0) === fields.text ? [] : ['a snapshot says two things of its first choice'];
    },
    text: (choice) => texts.get(choice) ?? '',
  };
}
