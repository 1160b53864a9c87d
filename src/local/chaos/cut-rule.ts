/** A cut that waits for its statement, on whichever connection it comes. */
export type CutRule = {
  contains: string;
  when: 'before' | 'after';
  /** How many cuts are still to be made. */
  left: number;
  /** How many were made. */
  hits: number;
};

/** What is done to one Postgres connection. */
export type Middle = {
  toServer(bytes: Buffer): void;
  toClient(bytes: Buffer): void;
  /** Ends the connection for both, at once. */
  cut(): void;
};
