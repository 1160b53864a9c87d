/**
 * JSON that is written as it came: a number with more digits than JavaScript holds, or a whole document that
 * was stored. It is a function, since whoever looks into values takes an object for one of the client's, and
 * a schema takes a function for none of JSON's kinds and refuses it. Calling it gives its text. What writes
 * it without `writeJson` writes what JSON.parse makes of it.
 */
export type Verbatim = (() => string) & { toJSON(): unknown };

/** Cannot be guessed, so no text of a client can be taken for one of ours. */
const mark = `verbatim-${crypto.randomUUID()}-`;
const placed = new RegExp(`"${mark}(\\d+)"`, 'g');

/** The texts of what is being written at this moment; null while nothing is. */
let written: string[] | null = null;

/** `text` must be valid JSON. */
export function verbatim(text: string): Verbatim {
  return Object.assign(() => text, { toJSON });
}

function toJSON(this: () => string): unknown {
  const text = this();
  if (written === null) return JSON.parse(text);
  written.push(text);
  return `${mark}${written.length - 1}`;
}

export function isVerbatim(value: unknown): value is Verbatim {
  return typeof value === 'function' && (value as Partial<Verbatim>).toJSON === toJSON;
}

/** JSON.stringify that writes what is verbatim digit by digit. */
export function writeJson(value: unknown): string {
  const outer = written;
  const pieces: string[] = [];
  written = pieces;
  try {
    const text = JSON.stringify(value);
    if (pieces.length === 0) return text;
    return text.replace(placed, (_, index: string) => pieces[Number(index)] ?? 'null');
  } finally {
    written = outer;
  }
}

/** A number as a text that passes through JSON.parse; `unmarkValue` makes a number of it again. */
export function markNumber(digits: string): string {
  return `${mark}${digits}n`;
}

/** The value with verbatim numbers in place of marked ones; itself when it has none. */
export function unmarkValue(value: unknown): unknown {
  return mapLeaves(value, (leaf) => {
    const isMarked = typeof leaf === 'string' && leaf.startsWith(mark);
    return isMarked ? verbatim(leaf.slice(mark.length, -1)) : leaf;
  });
}

/** Copies only what holds a leaf that changes. Depth is bounded by whoever read the value. */
function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return change(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => mapLeaves(item, change));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const fields = Object.entries(value);
  const changed = fields.map(([key, field]) => [key, mapLeaves(field, change)] as const);
  return changed.some(([, field], index) => field !== fields[index]?.[1])
    ? Object.fromEntries(changed)
    : value;
}
