/** A type without its nulls and undefineds: optional fields are then there with a value, or not there. */
export type WithoutEmpty<T> = { [Key in keyof T]: Exclude<T[Key], null | undefined> };

/**
 * Drops fields that are null or undefined: in OpenAI's API both say the same as leaving the field out. One
 * level deep.
 */
export function withoutEmpty<T extends object>(value: T): WithoutEmpty<T> {
  const given = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  return Object.fromEntries(given) as WithoutEmpty<T>;
}
