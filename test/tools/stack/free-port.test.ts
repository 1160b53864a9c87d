import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { findFreePort } from '../../../tools/stack/free-port.ts';

test('a wanted port is taken when it is free, else another', async () => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect(await findFreePort(port)).not.toBe(port);
  await new Promise((closed) => server.close(closed));
  expect(await findFreePort(port)).toBe(port);
});
