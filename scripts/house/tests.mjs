/** What is only wiring or types, and is tried by the tests of what it wires. */
const exempt = /\/(start-[^/]+|server-deps|provider|batch-step)\.ts$/;

/** Source files of workers and of routes that have no test of their own beside them in `test`. */
export function findUntested(paths) {
  const tests = new Set(paths.filter((path) => path.startsWith('test/')));
  return paths
    .filter((path) => /^src\/(workers|api\/routes)\/.*\.ts$/.test(path) && !exempt.test(path))
    .filter((path) => !isTested(path, tests))
    .map((path) => ({ path, line: 0, message: 'no test: add one at the same path in test/' }));
}

function isTested(path, tests) {
  const own = path.replace(/^src\//, 'test/').replace(/\.ts$/, '.test.ts');
  const folder = `${own.slice(0, own.lastIndexOf('/'))}.test.ts`;
  return tests.has(own) || tests.has(folder);
}
