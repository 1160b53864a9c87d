/** SQL with values in it, not yet run: the values travel beside the text, never in it. */
export type Fragment = { strings: readonly string[]; values: readonly unknown[] };

const fragments = new WeakSet<object>();

/** Marks a value as SQL, so that a template it stands in takes it as text and not as a value. */
export function markFragment<Marked extends Fragment>(fragment: Marked): Marked {
  fragments.add(fragment);
  return fragment;
}

/** SQL that the code itself makes, such as a list of columns: never from a value that comes from outside. */
export function sqlText(text: string): Fragment {
  return markFragment({ strings: [text], values: [] });
}

/**
 * A template as Postgres takes it: `$1`, `$2`, … in the text, and their values. Fragments in a template
 * become part of it.
 */
export function compile(fragment: Fragment): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  return { text: render(fragment, values), values };
}

function render({ strings, values }: Fragment, collected: unknown[]): string {
  return strings
    .map((text, index) => (index < values.length ? text + renderValue(values[index], collected) : text))
    .join('');
}

function renderValue(value: unknown, collected: unknown[]): string {
  if (typeof value === 'object' && value !== null && fragments.has(value))
    return render(value as Fragment, collected);
  if (value === undefined)
    throw new Error('a value in a statement is undefined; say null where null is meant');
  collected.push(value);
  return `$${collected.length}`;
}
