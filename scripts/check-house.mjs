// The rules of the house that no linter knows: words, widths, lengths, where statements and money may stand,
// and which files need a test. Run by `npm run check`; plain Node, so that it runs before anything is built.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findMisplaced } from './house/places.mjs';
import { findUnawaited } from './house/statements.mjs';
import { findUntested } from './house/tests.mjs';
import { findLongLines } from './house/widths.mjs';
import { bannedWords, findBannedWords } from './house/words.mjs';

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..');

const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});
const paths = listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path)));
const files = paths
  .filter((path) => /\.(ts|mjs|sql|md)$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
const words = bannedWords(readFileSync(join(root, 'docs/glossary.md'), 'utf8'));

const faults = [
  ...files.flatMap((file) => findBannedWords(file, words)),
  ...files.flatMap(findLongLines),
  ...files.flatMap(findMisplaced),
  ...files.flatMap(findUnawaited),
  ...findUntested(paths),
];
for (const { path, line, message } of faults)
  process.stderr.write(`${path}${line ? `:${line}` : ''}: ${message}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
if (faults.length > 0)
  process.stderr.write(`${faults.length} faults; docs/glossary.md and CONTRIBUTING.md have the rules\n`);
