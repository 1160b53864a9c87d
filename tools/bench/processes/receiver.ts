import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Takes every POST on as many ports as its argument says, so that it is as many receivers; `GET` tells how
 * many ids came.
 */
const ids = new Set<string>();
const ports = Number(process.argv[2] ?? 1);
const urls = await Promise.all(Array.from({ length: ports }, listen));
process.once('SIGTERM', () => process.exit(0));
console.log(`ready ${urls.join(' ')}`);

async function listen(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.method === 'POST') ids.add(String(request.headers['webhook-id']));
      response.writeHead(200).end(request.method === 'GET' ? String(ids.size) : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
