/**
 * The words of the glossary's last column: those in code type are banned as a part of identifiers, the others
 * also in comments and prose.
 */
export function bannedWords(glossary) {
  const identifierParts = new Map();
  const phrases = new Map();
  for (const row of glossary.split('\n')) {
    const cells = row.split('|').map((cell) => cell.trim());
    if (cells.length < 5 || cells[1] === 'word' || cells[1].startsWith('---')) continue;
    for (const banned of cells[3].split(',').map((word) => word.trim())) {
      if (banned === '–' || banned === '') continue;
      const isPart = banned.startsWith('`');
      const word = banned.replaceAll('`', '').toLowerCase();
      const list = isPart ? identifierParts : phrases;
      list.set(word, [...(list.get(word) ?? []), cells[1]]);
    }
  }
  return { identifierParts, phrases };
}

/** Where the words stand that are nobody's: wire formats and other people's names. */
const exempt = /^(docs\/glossary\.md|CHANGELOG\.md|scripts\/house\/|test\/scripts\/)/;

/** Banned words of a file, each with the line and what to write instead. */
export function findBannedWords({ path, text }, { identifierParts, phrases }) {
  if (exempt.test(path)) return [];
  const faults = [];
  const phrase = new RegExp(`\\b(${[...phrases.keys()].join('|')})\\b`, 'gi');
  text.split('\n').forEach((line, index) => {
    // What other processes read by this name keeps it.
    if (line.endsWith('// wire name')) return;
    for (const [found] of line.matchAll(phrase)) {
      faults.push(fault(path, index, found, phrases.get(found.toLowerCase())));
    }
  });
  if (!path.endsWith('.ts')) return faults;
  const lines = text.split('\n');
  codeOf(text)
    .split('\n')
    .forEach((line, index) => {
      // A parameter of the wire that is not ours to name.
      if (/\border: '(asc|desc)'/.test(lines[index])) return;
      for (const [identifier] of line.matchAll(/[A-Za-z_$][\w$]*/g)) {
        const part = partsOf(identifier).find((word) => identifierParts.has(word));
        if (part !== undefined) faults.push(fault(path, index, identifier, identifierParts.get(part)));
      }
    });
  return faults;
}

function fault(path, index, found, instead) {
  return { path, line: index + 1, message: `“${found}”: write ${instead.join(' or ')} (docs/glossary.md)` };
}

/** The text with comments and strings blanked, line by line as it was. */
function codeOf(text) {
  const blank = (found) => found.replace(/[^\n]/g, ' ');
  return text
    .replace(/\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*/g, blank)
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, blank);
}

/** Its words, and each two neighbours as one: `putBackJobs` is put, back, jobs, putback, backjobs. */
function partsOf(identifier) {
  const parts = (identifier.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []).map((part) => part.toLowerCase());
  return [...parts, ...parts.slice(1).map((part, index) => parts[index] + part)];
}
