// Claude Code as it comes, with no variable but the base URL and the key, asking models of each provider.
import { note, runAgent } from './support/agent.mjs';
import { at, contains, endScript, tryCase } from './support/cases.mjs';

// Its install script would only link its program here.
const program = 'node_modules/@anthropic-ai/claude-code/cli-wrapper.cjs';
const env = { ANTHROPIC_BASE_URL: at.anthropic, ANTHROPIC_AUTH_TOKEN: at.key };
const ask = (model, promptIn, made = null) =>
  runAgent(
    process.execPath,
    (folder) => [
      `${import.meta.dirname}/${program}`,
      ...['--model', model, '--allowedTools', 'Write', '-p', promptIn(folder)],
    ],
    { env, made },
  );

const models = [
  'claude-opus-5-5',
  'claude-haiku-4-5',
  'gpt-5.6',
  'gpt-5-mini',
  'gpt-4.1',
  'gemini-2.5-flash',
];

for (const model of models) {
  await tryCase(`${model} answers`, async () => {
    const { written } = await ask(model, () => 'say hi');
    contains(written, 'say hi');
  });
  await tryCase(`${model} reads a file`, async () => {
    const { written } = await ask(model, (folder) => readOf(`${folder}/note.txt`));
    contains(written, note);
  });
  await tryCase(`${model} sees an image`, async () => {
    const { written } = await ask(model, (folder) => readOf(`${folder}/red.png`));
    contains(written, '"images":1');
  });
  await tryCase(`${model} writes a file`, async () => {
    const call = (folder) =>
      `[[call:Write ${JSON.stringify({ file_path: `${folder}/new.txt`, content: 'hello' })}]]`;
    const { made } = await ask(model, call, 'new.txt');
    contains(made, 'hello');
  });
  await tryCase(`${model} reads two files at once`, async () => {
    const { written } = await ask(model, (folder) =>
      [readOf(`${folder}/note.txt`), readOf(`${folder}/red.png`)].join(' '),
    );
    contains(written, note);
    contains(written, '"images":1');
  });
}

function readOf(path) {
  return `[[call:Read ${JSON.stringify({ file_path: path })}]] [[seen]]`;
}

endScript();
