/** A statement runs when it is awaited, and only then: one that stands by itself never does. */
const standsAlone = /^\s*(?:void\s+)?(?:[\w.]+\.)?(?:sql|tx)(?:<[^`]*>)?`/;
/** How the line before ends where a new statement of the program begins. */
const beginsAnew = /[;{})]\s*$/;

/** Statements of SQL that nobody awaits, returns, keeps or puts into another. */
export function findUnawaited({ path, text }) {
  if (!/^(src|tools|test)\/.*\.ts$/.test(path)) return [];
  const faults = [];
  let before = ';';
  text.split('\n').forEach((line, index) => {
    if (standsAlone.test(line) && beginsAnew.test(before))
      faults.push({ path, line: index + 1, message: 'a statement that nobody awaits never runs' });
    if (line.trim() !== '' && !/^\s*(\/\/|\/?\*)/.test(line)) before = line.replace(/\/\/.*$/, '');
  });
  return faults;
}
