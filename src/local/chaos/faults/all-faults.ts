import type { Fault } from './fault.ts';
import { linkFaults } from './links.ts';
import { postgresFaults } from './postgres.ts';
import { processFaults } from './processes.ts';
import { redisFaults } from './redis.ts';
import { ticketFaults } from './tickets.ts';

/** Every kind that the matrix schedules; failpoints, wrong answers of providers and of receivers come on top. */
export const allFaults: Fault[] = [
  ...processFaults,
  ...redisFaults,
  ...postgresFaults,
  ...linkFaults,
  ...ticketFaults,
];
