/**
 * Where a client wrote what a message, part or call of ours was made of. It is kept beside the values and not
 * in them, since it is of use only until the request is accepted: a refusal names the field by it.
 */
const paths = new WeakMap<object, string>();

/** The same value, known to come from this path of its client's body. */
export function withClientPath<Value extends object>(value: Value, path: string): Value {
  paths.set(value, path);
  return value;
}

/** Where it came from, or null when it stands where the client wrote it. */
export function clientPathOf(value: object): string | null {
  return paths.get(value) ?? null;
}
