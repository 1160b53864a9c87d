/** One thing that should not be, what it was seen on, and enough of it to understand it. */
export type Violation = { oracle: string; on: string; detail: string };
