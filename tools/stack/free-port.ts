import { createServer } from 'node:net';

/** A TCP port of the loopback that nothing listens on: `wanted` if that is free, else any. */
export async function findFreePort(wanted = 0): Promise<number> {
  const server = createServer();
  const listening = new Promise<number | null>((resolve) => {
    server.once('error', () => resolve(null));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : null);
    });
  });
  const port = await listening;
  await new Promise((resolve) => server.close(resolve));
  if (port !== null) return port;
  if (wanted === 0) throw new Error('no free port on 127.0.0.1');
  return findFreePort();
}
