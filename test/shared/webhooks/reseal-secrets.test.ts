import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertAccount } from '../../../src/shared/accounts/sql/accounts.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { toSecretsKey } from '../../../src/shared/platform/seal.ts';
import { findWrongKey, resealSecrets } from '../../../src/shared/webhooks/reseal-secrets.ts';
import { replaceWebhookSecret } from '../../../src/shared/webhooks/sql/secrets.ts';
import {
  openEndpointSecret,
  readWebhookSecret,
  sealEndpointSecret,
  sealWebhookSecret,
} from '../../../src/shared/webhooks/webhook-secret.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const [oldBytes, newBytes] = [randomBytes(32), randomBytes(32)];
const [old, fresh, both] = [
  toSecretsKey(oldBytes),
  toSecretsKey(newBytes),
  toSecretsKey(newBytes, [oldBytes]),
];
const log = createLog('silent', 'test');

let database: TestDatabase;
let sql: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.appUrl, poolMax: 4, prepare: true, applicationName: 'test' });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

test('an installation whose secrets were sealed before there was a check is known by them', async () => {
  await insertAccount(sql, { id: 'a', name: 'A' });
  await readWebhookSecret({ sql, secretsKey: old }, 'a');
  expect(await findWrongKey(sql, fresh)).toMatch(/^SECRETS_KEY: .*SECRETS_KEY_PREVIOUS/);
  expect(await findWrongKey(sql, old)).toBeNull();
});

test('another key is told at once, and one that is given beside the old one is not', async () => {
  expect(await findWrongKey(sql, old)).toBeNull();
  expect(await findWrongKey(sql, fresh)).toMatch(/^SECRETS_KEY: /);
  expect(await findWrongKey(sql, both)).toBeNull();
});

test('everything is sealed anew with the current key, and then the old one may go', async () => {
  const secret = await readWebhookSecret({ sql, secretsKey: old }, 'a');
  await sql.begin((tx) => replaceWebhookSecret(tx, 'a', sealWebhookSecret(old, 'a', 'whsec_next')));
  for (let n = 0; n < 230; n += 1) {
    const id = `whe_${String(n).padStart(4, '0')}`;
    const [one, before] = [`secret ${n}`, `before ${n}`].map((text) => sealEndpointSecret(old, id, text));
    await sql`
      insert into webhook_endpoints (id, account_id, name, url, event_types, secret, secret_hint,
        secret_previous)
      values (${id}, 'a', 'x', 'https://x.example', array['job.succeeded'], ${one}, 'x', ${before})`;
  }
  await sql`update webhook_endpoints set state = 'deleted', secret = '', secret_previous = null
  where id = 'whe_0001'`;
  expect(await readWebhookSecret({ sql, secretsKey: both }, 'a')).toBe('whsec_next');
  await resealSecrets({ sql, secretsKey: both, log });
  await resealSecrets({ sql, secretsKey: both, log });

  expect(await findWrongKey(sql, fresh)).toBeNull();
  expect(await findWrongKey(sql, old)).toMatch(/^SECRETS_KEY: /);
  expect(await readWebhookSecret({ sql, secretsKey: fresh }, 'a')).toBe('whsec_next');
  const rows = await sql<{ id: string; secret: Buffer; before: Buffer }[]>`
    select id, secret, secret_previous as before from webhook_endpoints where state <> 'deleted' order by id`;
  expect(rows).toHaveLength(229);
  for (const row of rows) {
    const n = Number(row.id.slice(4));
    expect(openEndpointSecret(fresh, row.id, row.secret)).toBe(`secret ${n}`);
    expect(openEndpointSecret(fresh, row.id, row.before)).toBe(`before ${n}`);
  }
  const [account] = await sql<{ before: Buffer }[]>`select webhook_secret_previous as before from accounts`;
  expect(account).toBeDefined();
  expect(secret).toMatch(/^whsec_/);
});

test('a secret that no key opens is left, and the old key goes on being needed', async () => {
  await insertAccount(sql, { id: 'b', name: 'B' });
  const lost = sealWebhookSecret(toSecretsKey(randomBytes(32)), 'b', 'lost');
  await sql`update accounts set webhook_secret = ${lost} where id = 'b'`;
  const next = toSecretsKey(randomBytes(32), [newBytes]);
  await resealSecrets({ sql, secretsKey: next, log });
  const [row] = await sql<{ secret: Buffer }[]>`select webhook_secret as secret from accounts where id = 'b'`;
  expect(row?.secret.equals(lost)).toBe(true);
  expect(await findWrongKey(sql, fresh)).toBeNull();
});
