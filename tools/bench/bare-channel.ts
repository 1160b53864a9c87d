/** Where the bare stream server listens for one job's deltas. */
export function bareChannel(jobId: string): string {
  return `bare-stream:${jobId}`;
}
