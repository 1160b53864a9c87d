/** A value without these fields; itself where it has none of them. */
export function without<Value extends object>(value: Value, names: readonly string[]): Value {
  if (!names.some((name) => name in value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))) as Value;
}
