import { ADDRCONFIG, type LookupAddress, promises } from 'node:dns';

/** All addresses of a name; rejects when there is none. */
export type ResolveHost = (host: string) => Promise<LookupAddress[]>;

/**
 * Resolves over the network with c-ares: `dns.lookup` occupies one of Node's four threads, and a few slow
 * name servers would stop everything else that needs them. It knows no hosts file, so with `useSystem` (local
 * development) the system's resolver is asked instead.
 */
export function createResolver(useSystem: boolean): ResolveHost {
  if (useSystem) return (host) => promises.lookup(host, { all: true, hints: ADDRCONFIG });
  const resolver = new promises.Resolver({ timeout: 2000, tries: 2 });
  return async (host) => {
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const addresses = [...toAddresses(v4, 4), ...toAddresses(v6, 6)];
    if (addresses.length > 0) return addresses;
    throw v4.status === 'rejected' ? v4.reason : new Error(`${host} has no address`);
  };
}

function toAddresses(answer: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : [];
}
