// What the scripts of JavaScript clients share: how a case is tried and its line is written.
import assert from 'node:assert/strict';

const url = process.env.GW_URL;

/** The base URL that OpenAI's clients are given, and the one that Anthropic's are. */
export const at = { key: process.env.GW_KEY, openai: `${url}/v1`, anthropic: url };

/** A model of each provider, by the name that a client would write. */
export const models = ['gpt-5-mini', 'claude-haiku-4-5', 'gemini-2.5-flash'];

const reasonLengthMax = 300;
let failures = 0;

/** Tries one case and writes its line: `ok NAME`, or `not ok NAME: why`. */
export async function tryCase(name, work) {
  try {
    await work();
    process.stdout.write(`ok ${name}\n`);
  } catch (error) {
    failures++;
    const why = String(error?.message ?? error).replaceAll(/\s+/g, ' ');
    process.stdout.write(`not ok ${name}: ${why.slice(0, reasonLengthMax)}\n`);
  }
}

/** Ends the script with what its cases came to, whatever a client left open. */
export function endScript() {
  process.exit(failures === 0 ? 0 : 1);
}

/** Fails a case with both texts. */
export function contains(text, part) {
  assert.ok(String(text).includes(part), `${JSON.stringify(part)} is not in ${JSON.stringify(text)}`);
}
