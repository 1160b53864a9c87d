import { performance } from 'node:perf_hooks';

/** What was found is believed for this long. */
const believedMs = 50;
const busyShare = 0.5;

let before = performance.eventLoopUtilization();
let lookedAtMs = performance.now();
let isBusy = false;

/** Whether the event loop of this process had work for more than half of the last moments. */
export function isLoopBusy(): boolean {
  const now = performance.now();
  if (now - lookedAtMs < believedMs) return isBusy;
  const total = performance.eventLoopUtilization();
  isBusy = performance.eventLoopUtilization(total, before).utilization > busyShare;
  before = total;
  lookedAtMs = now;
  return isBusy;
}
