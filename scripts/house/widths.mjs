const columnsMax = 110;
const linesMax = 250;

/**
 * Lines wider than the formatter lets code be: it wraps neither comments nor SQL. And files that are too long
 * to read.
 */
export function findLongLines({ path, text }) {
  if (!/^(src|tools|test|scripts|migrations)\/.*\.(ts|mjs|sql)$/.test(path)) return [];
  const lines = text.split('\n');
  const faults = lines.flatMap((line, index) =>
    line.length > columnsMax && !isUnbreakable(line)
      ? [{ path, line: index + 1, message: `${line.length} columns; at most ${columnsMax}` }]
      : [],
  );
  if (/^(src|tools)\//.test(path) && lines.length - 1 > linesMax) {
    faults.push({
      path,
      line: 0,
      message: `${lines.length - 1} lines; at most ${linesMax}: it is more than one thing`,
    });
  }
  return faults;
}

/** One word, one string or one link that is longer than a line, and what only a directive may say. */
function isUnbreakable(line) {
  return /biome-ignore|https?:\/\/\S{40}/.test(line) || isOneString(line) || isOneExpression(line);
}

/** A text for people is one string, however long; a statement is not, nor are two strings on a line. */
function isOneString(line) {
  if (/^\s*(\*|\/\/|--)/.test(line) || /\b(sql|tx)(<[^`]*>)?`/.test(line)) return false;
  return /^[^'"`]{0,60}(['"`])((?!\1).){40,}\1[^'"`]*$/.test(line.trim());
}

/** A regular expression cannot be broken. */
function isOneExpression(line) {
  return /^\s*\/.*\/[a-z]*[;,]?$/.test(line) && !/^\s*\/[/*]/.test(line);
}
