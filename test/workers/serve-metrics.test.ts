import { afterEach, expect, test } from 'vitest';
import type { Config } from '../../src/shared/platform/config/config.ts';
import { createLog } from '../../src/shared/platform/log.ts';
import { createMetrics } from '../../src/shared/platform/metrics.ts';
import { serveMetrics } from '../../src/workers/serve-metrics.ts';
import { findFreePort } from '../../tools/stack/free-port.ts';
import { waitFor } from '../support/wait-for.ts';

let stop: () => Promise<void> = async () => undefined;
afterEach(() => stop());

async function serve(http: Partial<Config['http']>): Promise<string> {
  const port = await findFreePort();
  const config = {
    http: { portGiven: true, port, host: '127.0.0.1', metricsToken: null, metricsOpen: true, ...http },
  } as Config;
  stop = serveMetrics({ config, metrics: createMetrics(), log: createLog('silent', 'test') });
  const url = `http://127.0.0.1:${port}`;
  if (config.http.portGiven)
    await waitFor('the port', () =>
      fetch(`${url}/health/live`).then(
        () => true,
        () => undefined,
      ),
    );
  return url;
}

test('a process without an API shows its metrics and that it lives, and nothing else', async () => {
  const url = await serve({});
  const metrics = await fetch(`${url}/metrics`);
  expect(metrics.headers.get('content-type')).toContain('version=0.0.4');
  expect(await metrics.text()).toContain('gateway_');
  expect(await (await fetch(`${url}/health/live`)).json()).toEqual({ status: 'ok' });
  expect((await fetch(`${url}/v1/jobs`)).status).toBe(404);
});

test('with a token the metrics are for its bearer alone', async () => {
  const url = await serve({ metricsToken: 'secret', metricsOpen: false });
  expect((await fetch(`${url}/metrics`)).status).toBe(401);
  const headers = { authorization: 'Bearer secret' };
  expect((await fetch(`${url}/metrics`, { headers })).status).toBe(200);
});

test('without a port nothing is opened', async () => {
  const url = await serve({ portGiven: false });
  await expect(fetch(`${url}/health/live`)).rejects.toThrow();
});
