/**
 * Measures every side once per round, one after the other, in turned order every second round: what the
 * machine does besides, and what warms up, falls on all sides alike. Gives each side's values in the order of
 * the rounds.
 */
export async function alternate<Values extends Record<string, unknown>>(
  rounds: number,
  sides: { [Name in keyof Values]: () => Promise<Values[Name]> },
): Promise<{ [Name in keyof Values]: Values[Name][] }> {
  const names: (keyof Values)[] = Object.keys(sides);
  const measured = {} as { [Name in keyof Values]: Values[Name][] };
  for (const name of names) measured[name] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      measured[name].push(await sides[name]());
    }
  }
  return measured;
}
