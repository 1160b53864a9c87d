/** A cut that waits for its statement, on whichever connection it comes. */
export type CutRule = {
  contains: string;
  when: 'before' | 'after';
  /** The connection is reset, or falls silent. */
  how: 'reset' | 'silence';
  /** How many cuts are still to be made. */
  left: number;
  /** How many were made. */
  hits: number;
};

/** What is done to one Postgres connection. */
export type Middle = {
  toServer(bytes: Buffer): void;
  toClient(bytes: Buffer): void;
  /** Ends the connection for both, at once; or lets nothing through any more and closes nothing. */
  end(how: CutRule['how']): void;
};
