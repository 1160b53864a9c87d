// CompatCanary: probes of an OpenAI-compatible API, each of which must pass for a model of each provider.
import { execFileSync } from 'node:child_process';
import { at, endScript, models, tryCase } from './support/cases.mjs';

const { data } = await (
  await fetch(`${at.openai}/models`, { headers: { authorization: `Bearer ${at.key}` } })
).json();

for (const model of models) {
  // It looks for the name in the list, which has it with its provider.
  const { id } = data.find((listed) => listed.id.endsWith(`/${model}`));
  const args = ['scan', '--base-url', at.openai, '--model', id, '--format', 'json', '--fail-on', 'never'];
  const env = { ...process.env, OPENAI_API_KEY: at.key };
  const report = JSON.parse(execFileSync('compatcanary', args, { env, encoding: 'utf8' }));
  for (const { name, status, summary } of report.results)
    await tryCase(`${name} ${model}`, () => {
      if (status !== 'pass') throw new Error(summary);
    });
}

endScript();
