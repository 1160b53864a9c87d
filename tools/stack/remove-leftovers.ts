import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { claimFolder } from './claim-folder.ts';
import { removePostgres } from './postgres-launcher.ts';

/**
 * What runs that were killed left behind in `<name>-<pid>` folders: their servers are stopped, their folders
 * removed. One that still runs is left alone.
 */
export async function removeLeftovers(dataDir: string, name: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const left = readdirSync(dataDir).filter((entry) => new RegExp(`^${name}-\\d+$`).test(entry));
  for (const entry of left) {
    const dir = join(dataDir, entry);
    const folder = await claimFolder(dir).catch(() => null);
    if (folder === null) continue;
    for (const folder of ['.', 'first', 'second']) removePostgres(join(dir, folder, 'postgres'));
    rmSync(dir, { recursive: true, force: true });
  }
}
