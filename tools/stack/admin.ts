import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Calls the gateway's API; throws with its answer when the status is not one of those expected. */
export async function callApi(
  base: { url: string; key: string },
  method: string,
  path: string,
  options: { body?: unknown; headers?: Record<string, string>; expected?: number[] } = {},
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${base.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${base.key}`,
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await answer.text();
  const expected = options.expected ?? [200, 201, 202];
  if (!expected.includes(answer.status))
    throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  return { status: answer.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
}

/** The account `demo` with USD 100, made once, and an API key of it, kept in the data folder. */
export async function openDemoAccount(base: { url: string; key: string }, dataDir: string): Promise<string> {
  await callApi(base, 'POST', '/v1/admin/accounts', {
    body: { id: 'demo', name: 'Demo', credit_usd: '100' },
    expected: [201, 409],
  });
  const path = join(dataDir, 'demo-key');
  if (existsSync(path)) {
    const key = readFileSync(path, 'utf8').trim();
    const { status } = await callApi({ url: base.url, key }, 'GET', '/v1/balance', {
      expected: [200, 401, 403],
    });
    if (status === 200) return key;
  }
  const { body } = await callApi(base, 'POST', '/v1/admin/accounts/demo/keys', {
    body: { scopes: ['jobs'] },
  });
  const { key } = body as { key: string };
  writeFileSync(path, key, { mode: 0o600 });
  return key;
}
