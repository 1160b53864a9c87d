/** One figure as it was measured: a value per round, beside the same rounds of its baseline. */
export type Row = {
  figure: string;
  name: string;
  unit: string;
  values: number[];
  baseline: { name: string; values: number[] } | null;
};

/** What measuring one figure gave: its rows, and a sentence for every promise that did not hold. */
export type FigureResult = { rows: Row[]; broken: string[] };

/** The middle value; of an even number the mean of the two in the middle. NaN of none. */
export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `q` of all lies, between two neighbours in proportion. NaN of none. */
export function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

/**
 * How many times its baseline a figure is: the median over rounds where both were measured in turn, so that
 * what else the machine did in a round counts on both sides; else the ratio of the medians. Null without a
 * baseline.
 */
export function ratioOf({ values, baseline }: Row): number | null {
  if (baseline === null) return null;
  if (baseline.values.length !== values.length) return median(values) / median(baseline.values);
  return median(values.map((value, round) => value / (baseline.values[round] ?? Number.NaN)));
}
