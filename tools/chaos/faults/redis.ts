import { leaseSeconds } from '../lease-seconds.ts';
import { type Fault, sleep } from './fault.ts';

/** Redis loses its data, its ability to write, or its pulse. */
export const redisFaults: Fault[] = [
  {
    kind: 'Redis FLUSHALL',
    disruptive: true,
    outage: 'tickets',
    inject: async ({ redis }) => {
      await redis.control.flushall();
      return 1;
    },
  },
  {
    kind: 'Redis kill -9 and restart',
    disruptive: true,
    outage: 'tickets',
    inject: async ({ redis }) => {
      await redis.restart('SIGKILL', 500);
      return 1;
    },
  },
  {
    kind: 'Redis read-only, then promoted',
    disruptive: true,
    outage: 'server',
    inject: async ({ redis }) => {
      // The replica of a master that is not there: it answers, and refuses to write.
      await redis.control.replicaof('127.0.0.1', '1');
      await sleep(1500);
      await redis.control.replicaof('NO', 'ONE');
      return 1;
    },
  },
  {
    kind: 'Redis takes no notifications: all are lost',
    disruptive: false,
    inject: async ({ redis }) => {
      await redis.control.call('ACL', 'SETUSER', 'default', '-publish');
      await sleep(4000);
      await redis.control.call('ACL', 'SETUSER', 'default', '+publish');
      return 1;
    },
  },
  {
    kind: 'Redis out of memory',
    disruptive: true,
    outage: 'server',
    inject: async ({ redis }) => {
      await redis.control.config('SET', 'maxmemory', '1mb');
      await sleep(1500);
      await redis.control.config('SET', 'maxmemory', '0');
      return 1;
    },
  },
  {
    kind: 'Redis stopped beyond a lock',
    disruptive: true,
    outage: 'server',
    inject: async ({ redis }) => {
      await redis.freeze((leaseSeconds + 1) * 1000);
      return 1;
    },
  },
  {
    kind: 'Redis CLIENT PAUSE',
    disruptive: true,
    outage: 'server',
    inject: async ({ redis }) => {
      await redis.control.client('PAUSE', 1500, 'ALL');
      await sleep(1500);
      return 1;
    },
  },
  {
    kind: 'Redis CLIENT KILL of every connection',
    disruptive: true,
    inject: async ({ redis }) => {
      await redis.control.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await redis.control.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      return 1;
    },
  },
  {
    kind: 'Redis SCRIPT FLUSH',
    disruptive: false,
    inject: async ({ redis }) => {
      await redis.control.script('FLUSH', 'SYNC');
      return 1;
    },
  },
];
