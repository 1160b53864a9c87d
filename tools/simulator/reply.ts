import { createHash } from 'node:crypto';
import { type CalledTool, calledTools } from './called-tools.ts';
import { type Prompt, readMarker } from './prompt.ts';
import { sampleJson } from './sample-json.ts';
import { countInput, countTokens, truncateToTokens } from './tokens.ts';

export type ReplyChoice = {
  text: string;
  toolCalls: (CalledTool & { id: string })[];
  finish: 'stop' | 'stop_sequence' | 'length' | 'tool_calls';
};

/**
 * Token counts as the meter and an honest `usage` say them; `prompt` includes cached, `completion` includes
 * reasoning.
 */
export type Counts = {
  prompt: number;
  completion: number;
  cached: number;
  cacheWrite: number;
  /** Of the writes, those kept for an hour. */
  cacheWriteHour: number;
  reasoning: number;
};

export type Reply = {
  /** Derived from the prompt: the same question gets the same answer, id included. */
  id: string;
  choices: ReplyChoice[];
  counts: Counts;
  /** What `usage` says: the counts, nothing, or a figure to be refused in place of the completion's. */
  usage: 'honest' | 'missing' | { completion: unknown };
  /** The tier that the answer says it was served at; null says nothing. */
  serviceTier: string | null;
};

const words = 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt'.split(
  ' ',
);

/** The answer to a prompt: deterministic, within its limits, with honest counts. */
export function makeReply(prompt: Prompt, serviceTier: string | null): Reply {
  const hash = createHash('sha1')
    .update(prompt.model)
    .update(prompt.lastUser)
    .update(String(prompt.messages))
    .digest();
  const id = hash.toString('hex').slice(0, 24);
  const reasoning = Math.min(
    readMarker(prompt.lastUser, 'reasoning') ?? 0,
    Math.max(prompt.maxTokens - 1, 0),
  );
  const choices = Array.from({ length: prompt.n }, (_, index) => makeChoice(prompt, hash, index, reasoning));
  const input = countInput(prompt);
  const cached = Math.min(readMarker(prompt.lastUser, 'cached') ?? 0, input);
  const cacheWrite = Math.min(readMarker(prompt.lastUser, 'cache_write') ?? 0, input - cached);
  const cacheWriteHour = Math.min(readMarker(prompt.lastUser, 'cache_write_hour') ?? 0, cacheWrite);
  const completion = choices.reduce((sum, choice) => sum + countChoice(choice) + reasoning, 0);
  const counts = {
    prompt: input,
    completion,
    cached,
    cacheWrite,
    cacheWriteHour,
    reasoning: reasoning * prompt.n,
  };
  return { id, choices, counts, usage: 'honest', serviceTier };
}

/** Output tokens of one choice without reasoning. */
export function countChoice(choice: ReplyChoice): number {
  return countTokens(choice.text + choice.toolCalls.map((call) => call.name + call.args).join(''));
}

function makeChoice(prompt: Prompt, hash: Buffer, index: number, reasoning: number): ReplyChoice {
  const room = Math.max(prompt.maxTokens - reasoning, 1);
  const calls = calledTools(prompt);
  if (calls.length > 0) {
    const id = `call_${hash.toString('hex').slice(0, 16)}_${index}`;
    const toolCalls = calls.map((call, at) => ({ id: `${id}_${at}`, ...call }));
    return { text: '', toolCalls, finish: 'tool_calls' };
  }
  const whole =
    prompt.answerSchema === null
      ? writeWords(prompt, hash, index)
      : JSON.stringify(sampleJson(prompt.answerSchema, prompt.lastUser));
  const stopped = stopAt(whole, prompt.stop);
  const text = truncateToTokens(stopped ?? whole, room);
  if (text !== (stopped ?? whole)) return { text, toolCalls: [], finish: 'length' };
  return { text, toolCalls: [], finish: stopped === null ? 'stop' : 'stop_sequence' };
}

function writeWords(prompt: Prompt, hash: Buffer, index: number): string {
  const tokens = readMarker(prompt.lastUser, 'length') ?? 8 + ((hash[0] ?? 0) % 40);
  const filler: string[] = [];
  for (let length = 0, at = (hash[1] ?? 0) + index; length < tokens * 4; at++) {
    const word = words[at % words.length] ?? '';
    filler.push(word);
    length += word.length + 1;
  }
  return [prompt.lastUser, whatIsSeen(prompt), filler.join(' ')].filter(Boolean).join('\n\n');
}

/** With `[[seen]]` anywhere in the input: what of a conversation reached the provider beside its text. */
function whatIsSeen({ inputText, messages, images, results }: Prompt): string {
  if (!inputText.includes('[[seen]]')) return '';
  return `seen: ${JSON.stringify({ messages, images, results })}`;
}

function stopAt(text: string, stop: string[]): string | null {
  const ends = stop.filter(Boolean).map((word) => text.indexOf(word));
  const found = ends.filter((end) => end >= 0);
  return found.length === 0 ? null : text.slice(0, Math.min(...found));
}

/** A text in about a dozen pieces, as a stream brings it; never half a surrogate pair. */
export function splitText(text: string): string[] {
  const size = Math.max(8, Math.ceil(text.length / 12));
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + size, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end++;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}
