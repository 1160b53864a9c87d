/** Times of the simulated gateway, shorter than in production so that much happens in little virtual time. */
export const timesMs = {
  lease: 10_000,
  deliveryLease: 15_000,
  /** A ticketed job this old should have its ticket. */
  staleTicket: 3000,
  pauseMax: 25_000,
};
