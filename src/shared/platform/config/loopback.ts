import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Whether only this machine can reach what listens on this host. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  return isIP(host) !== 0 && ipaddr.process(host).range() === 'loopback';
}
