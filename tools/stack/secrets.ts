import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The secrets of a local installation, made once and kept under its data folder. */
export type LocalSecrets = { jwtSecret: string; adminApiKey: string; secretsKey: string };

/** Reads them, or makes them at the first start; the file is readable by its owner only. */
export function readOrMakeSecrets(dir: string): LocalSecrets {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, 'secrets.json');
  if (!existsSync(path)) {
    const made: LocalSecrets = {
      jwtSecret: randomBytes(32).toString('hex'),
      adminApiKey: `admin_${randomBytes(32).toString('hex')}`,
      secretsKey: randomBytes(32).toString('base64'),
    };
    writeFileSync(path, JSON.stringify(made), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(path, 'utf8')) as LocalSecrets;
}
