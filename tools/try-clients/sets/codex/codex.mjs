// Codex as it comes, with nothing in its configuration but a provider: name, base URL and key.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { note, runAgent } from './support/agent.mjs';
import { at, contains, endScript, tryCase } from './support/cases.mjs';

const settings = join(process.env.HOME, '.codex');
mkdirSync(settings, { recursive: true });
writeFileSync(
  join(settings, 'config.toml'),
  `model_provider = "gateway"
[model_providers.gateway]
name = "gateway"
base_url = "${at.openai}"
env_key = "GW_KEY"
wire_api = "responses"
`,
);

const env = { GW_KEY: at.key };
const ask = (model, promptIn, { made = null, sandbox = 'read-only' } = {}) => {
  const args = ['exec', '--skip-git-repo-check', '-s', sandbox, '-m', model];
  return runAgent('codex', (folder) => [...args, promptIn(folder)], { env, made });
};

for (const model of [
  'gpt-5.5',
  'gpt-5.6',
  'gpt-5-mini',
  'claude-opus-5-5',
  'claude-haiku-4-5',
  'gemini-2.5-flash',
]) {
  await tryCase(`${model} answers`, async () => {
    const { written } = await ask(model, () => 'say hi');
    contains(written.split('tokens used').at(-1), 'say hi');
  });
  await tryCase(`${model} runs a command`, async () => {
    const { written } = await ask(model, () => '[[call:exec_command {"cmd":"cat note.txt"}]] [[seen]]');
    contains(seenIn(written), note);
  });
  await tryCase(`${model} sees an image`, async () => {
    const call = (folder) => `[[call:view_image ${JSON.stringify({ path: `${folder}/red.png` })}]] [[seen]]`;
    const { written } = await ask(model, call);
    contains(seenIn(written), '"images":1');
  });
  await tryCase(`${model} runs two commands at once`, async () => {
    const calls = ['cat note.txt', 'echo second'].map(
      (cmd) => `[[call:exec_command ${JSON.stringify({ cmd })}]]`,
    );
    const { written } = await ask(model, () => `${calls.join(' ')} [[seen]]`);
    contains(seenIn(written), note);
    contains(seenIn(written), 'second');
  });
}

// Codex offers the tool to models that it knows for it.
await tryCase('gpt-5.5 applies a patch', async () => {
  const patch = '*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch';
  const options = { made: 'new.txt', sandbox: 'workspace-write' };
  const { made } = await ask('gpt-5.5', () => `[[call:apply_patch ${patch}]]`, options);
  contains(made, 'hello');
});

await tryCase('gpt-5.5 searches for tools', async () => {
  const { written } = await ask('gpt-5.5', () => '[[call:tool_search {"query":"calendar"}]] [[seen]]');
  contains(seenIn(written), '"results":[');
});

function seenIn(written) {
  return written.split('seen: ').at(-1);
}

endScript();
