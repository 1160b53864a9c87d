import { isBudgetGemini } from '../../src/shared/catalogue/model-traits.ts';
import { BadRequest } from './prompt.ts';

/** Histories that Gemini itself refuses, in its words; each rule has the public report it was taken from. */

type Call = { id?: string; name?: string; args?: unknown };
type Part = {
  text?: string;
  thoughtSignature?: string;
  functionCall?: Call;
  functionResponse?: { id?: string; name?: string; response?: unknown };
} & Record<string, unknown>;
type Content = { role?: string; parts?: Part[] };

/** What Gemini signs begins with this here; another's signature is none of Gemini's. */
export const geminiSignature = 'thought_';
/** Source: Google's page on thought signatures. */
const placeholder = 'skip_thought_signature_validator';

/** Throws `BadRequest` for a conversation that the real API refuses. */
export function refuseOnGenerate(model: string, contents: Content[]): void {
  const turnStart = contents.findLastIndex(
    ({ role, parts = [] }) => role === 'user' && !parts.some(isResponse),
  );
  for (const [index, { role, parts = [] }] of contents.entries()) {
    if (role !== 'user' && role !== 'model') {
      throw new BadRequest('Please use a valid role: user, model.');
    }
    if (parts.length === 0) {
      throw new BadRequest(
        `* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.`,
      );
    }
    parts.forEach(refusePart);
    if (role === 'model') refuseCalls(contents, index);
    else refuseResponses(contents, index);
    if (role === 'model' && index > turnStart && !isBudgetGemini(model)) refuseUnsigned(parts, index);
  }
  // Source: crewAIInc/crewAI 6973.
  if (contents.at(-1)?.role === 'model') {
    throw new BadRequest(
      'Please ensure that single turn requests end with a user role or the role field is empty.',
    );
  }
}

const isCall = (part: Part) => part.functionCall !== undefined;
const isResponse = (part: Part) => part.functionResponse !== undefined;

function refusePart(part: Part): void {
  const { functionCall: call, functionResponse: response, thoughtSignature: signature, text } = part;
  const kinds = ['text', 'functionCall', 'functionResponse', 'inlineData', 'fileData'].filter(
    (name) => name in part,
  );
  if (kinds.length !== 1) {
    throw new BadRequest(
      "* GenerateContentRequest.contents.parts.data: required oneof field 'data' must have one initialized field",
    );
  }
  if (text === '' && signature === undefined) {
    throw new BadRequest('Unable to submit request because it has an empty text parameter.');
  }
  // Source: Google's page on thought signatures.
  if (signature !== undefined && signature !== placeholder && !signature.startsWith(geminiSignature)) {
    throw new BadRequest('Corrupted thought signature.');
  }
  const name = call?.name ?? response?.name;
  if ((call ?? response) !== undefined && !/^[a-zA-Z_][\w.:-]{0,127}$/.test(name ?? '')) {
    throw new BadRequest(`Invalid function name ${String(name)}. Must start with a letter or an underscore.`);
  }
  for (const fields of [call?.args, response?.response]) {
    if (fields !== undefined && (typeof fields !== 'object' || fields === null || Array.isArray(fields))) {
      throw new BadRequest('Invalid value: a function call or response takes a Struct');
    }
  }
}

/** Source: google-gemini/gemini-cli 26486 and 11814, langchain-ai/langchain 27799. */
function refuseCalls(contents: Content[], index: number): void {
  const calls = (contents[index]?.parts ?? []).filter(isCall);
  if (calls.length === 0) return;
  if (contents[index - 1]?.role !== 'user') {
    throw new BadRequest(
      'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
    );
  }
  const responses = (contents[index + 1]?.parts ?? []).filter(isResponse);
  if (responses.length !== calls.length) {
    throw new BadRequest(
      'Please ensure that the number of function response parts is equal to the number of function call parts ' +
        'of the function call turn.',
    );
  }
  for (const { functionCall: call } of calls) {
    const answer = responses.find(({ functionResponse: one }) => one?.id === call?.id);
    if (answer === undefined || answer.functionResponse?.name !== call?.name) {
      throw new BadRequest(`There is no function response for the function call ${String(call?.name)}.`);
    }
  }
}

function refuseResponses(contents: Content[], index: number): void {
  if (!(contents[index]?.parts ?? []).some(isResponse)) return;
  if ((contents[index - 1]?.parts ?? []).some(isCall)) return;
  throw new BadRequest(
    'Please ensure that function response turn comes immediately after a function call turn.',
  );
}

/** Source: Google's page on thought signatures: the first call of each step of the current turn has one. */
function refuseUnsigned(parts: Part[], index: number): void {
  const first = parts.find(isCall);
  if (first === undefined || first.thoughtSignature !== undefined) return;
  throw new BadRequest(
    `Function call is missing a thought_signature in functionCall parts. Additional data, function call ` +
      `\`default_api:${String(first.functionCall?.name)}\`, position ${index}.`,
  );
}
