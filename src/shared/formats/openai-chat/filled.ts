/** The same fields in the same order, and behind them those of `others` that it lacks. */
export function filled<Fields extends object>(fields: Fields, others: object): Fields {
  const known = fields as Record<string, unknown>;
  const missing = Object.entries(others).filter(([name]) => known[name] === undefined);
  return missing.length === 0 ? fields : { ...fields, ...Object.fromEntries(missing) };
}
