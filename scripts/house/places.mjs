const looseMax = new Set(['src/shared/errors.ts', 'src/shared/ids.ts', 'src/shared/infra.ts']);
/** The statements of a room stand in its `sql`; how a connection behaves, in the platform. */
const statementRooms = /^src\/shared\/(.+\/sql|platform\/postgres)\//;
/** Who moves money: nobody else writes a balance, a hold or an entry. */
const moneyRooms = /^(src\/shared\/money\/sql\/|migrations\/|tools\/|test\/)/;
const moneyMoves = /\b(update|insert into|delete from)\s+(balances|holds|entries|charges)\b/i;
const routes = /\bapp\.(get|post|put|patch|delete)\(/g;
/** The answers of a route, or that the document leaves it out. */
const descriptions = /\bresponse:|\bhide: true/g;

/**
 * What stands where it may not: loose files, statements outside `sql`, money outside its room, routes without
 * their answers.
 */
export function findMisplaced({ path, text }) {
  const faults = [];
  const add = (line, message) => faults.push({ path, line, message });
  if (/^src\/shared\/[^/]+\.ts$/.test(path) && !looseMax.has(path))
    add(0, 'a loose file in src/shared: give it to a room');
  if (!path.startsWith('src/') || !path.endsWith('.ts')) return faults;
  if (path.startsWith('src/api/routes/') && countOf(text, routes) > countOf(text, descriptions))
    add(0, 'a route without response schemas');
  text.split('\n').forEach((line, index) => {
    if (!statementRooms.test(path) && /\b(sql|tx)(<[^`]*>)?`/.test(line))
      add(index + 1, 'a statement outside a folder `sql`');
    if (!moneyRooms.test(path) && moneyMoves.test(line))
      add(index + 1, 'money is moved outside src/shared/money');
  });
  return faults;
}

const countOf = (text, pattern) => text.match(pattern)?.length ?? 0;
