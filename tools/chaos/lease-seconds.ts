/** Short enough for a matrix of minutes; the protocol does not change with it. */
export const leaseSeconds = 3;
