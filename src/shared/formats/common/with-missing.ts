type Fields = Record<string, unknown>;

/**
 * An object with what it lacks of another, in objects and in lists of as many elements too. What it has keeps
 * its value, null too, and its position.
 */
export function withMissing<Given extends object>(given: Given, full: object): Given {
  const known = given as Fields;
  const filled = Object.entries(full).map(([name, value]) => [name, fill(known[name], value)]);
  return { ...given, ...Object.fromEntries(filled) };
}

function fill(given: unknown, full: unknown): unknown {
  if (given === undefined) return full;
  if (isFields(given) && isFields(full)) return withMissing(given, full);
  if (!Array.isArray(given) || !Array.isArray(full) || given.length !== full.length) return given;
  return given.map((element, index) => fill(element, full[index]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
