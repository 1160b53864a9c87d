// A reporter of vitest that writes docs/compatibility.md from what the conformance tests found: a row for
// each call of an SDK, a column for each provider it was answered by.
import { writeFileSync } from 'node:fs';

const head = `# What the official SDKs can do here

Made by \`npm run compatibility\` from the tests in \`test/conformance\`: the installed, unmodified SDKs
(\`openai\`, \`@anthropic-ai/sdk\`) against the gateway and, where the provider speaks the SDK's own
protocol, against its double too, which must say the same, count the same and fail in the same way. A dash:
the call is not one of that provider's own.

`;

// biome-ignore lint/style/noDefaultExport: vitest takes a reporter as the default export
export default class CompatibilityReporter {
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const sdks = new Map();
    for (const test of tests) {
      const match = /^(.+) over ([^/]+)\//.exec(test.parent.name ?? '');
      if (match === null) continue;
      const [, sdk, provider] = match;
      const rows = sdks.get(sdk) ?? new Map();
      sdks.set(sdk, rows);
      const row = rows.get(test.name) ?? {};
      rows.set(test.name, row);
      row[provider] = test.result().state === 'passed' ? 'yes' : '**no**';
    }
    writeFileSync(
      'docs/compatibility.md',
      head + [...sdks].map(([sdk, rows]) => toTable(sdk, rows)).join('\n'),
    );
  }
}

const providers = ['openai', 'anthropic', 'google'];

function toTable(sdk, rows) {
  const lines = [...rows].map(([name, row]) => {
    const cells = providers.map((provider) => row[provider] ?? '–');
    return `| \`${name}\` | ${cells.join(' | ')} |`;
  });
  return [
    `## ${sdk}`,
    '',
    `| call | ${providers.join(' | ')} |`,
    '| --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}
