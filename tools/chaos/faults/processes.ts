import type { Random } from '../../stack/random.ts';
import { leaseSeconds } from '../lease-seconds.ts';
import type { Members } from '../members.ts';
import type { Fault } from './fault.ts';

function pickOf(members: Members, role: 'api' | 'workers', random: Random) {
  return random.pick(members.all.filter((member) => member.role === role));
}

function ending(kind: string, role: 'api' | 'workers', signal: NodeJS.Signals): Fault {
  const losesTickets = role === 'workers' && signal === 'SIGKILL';
  return {
    kind,
    disruptive: true,
    ...(losesTickets ? { outage: 'tickets' } : {}),
    inject: async ({ members }, random) => (pickOf(members, role, random).kill(signal) ? 1 : 0),
  };
}

/** Processes of the gateway that end, stop or are replaced. */
export const processFaults: Fault[] = [
  ending('kill -9 of a worker', 'workers', 'SIGKILL'),
  ending('kill -9 of an API', 'api', 'SIGKILL'),
  ending('rolling restart of a worker', 'workers', 'SIGTERM'),
  ending('rolling restart of an API', 'api', 'SIGTERM'),
  {
    kind: 'a worker stopped beyond its lease',
    disruptive: true,
    outage: 'tickets',
    inject: async ({ members }, random) => {
      await pickOf(members, 'workers', random).freeze((leaseSeconds + 2) * 1000);
      return 1;
    },
  },
  {
    kind: 'an API stopped for two seconds',
    disruptive: true,
    outage: 'server',
    inject: async ({ members }, random) => {
      await pickOf(members, 'api', random).freeze(2000);
      return 1;
    },
  },
  {
    kind: 'kill -9 of all workers at once',
    disruptive: true,
    outage: 'tickets',
    inject: async ({ members }) =>
      members.all.filter((member) => member.role === 'workers' && member.kill('SIGKILL')).length,
  },
];
