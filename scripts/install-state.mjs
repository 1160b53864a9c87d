import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/**
 * Whether `node_modules` holds what the lockfile asks for. By content, not by date: a checkout, a copy or a
 * restored cache gives any date. npm writes its own list last, so an interrupted install has none.
 */
export function isInstalled(root) {
  const wanted = readJson(join(root, 'package-lock.json'));
  const installed = readJson(join(root, 'node_modules/.package-lock.json'));
  if (wanted === null || installed === null) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed.packages[path];
    // Builds for other systems are optional and rightly absent.
    if (found === undefined) return entry.optional === true || entry.devOptional === true;
    const same = found.version === entry.version && found.integrity === entry.integrity;
    return same && existsSync(join(root, path, 'package.json'));
  });
}
