/** Whose shape the answer has: that of one API, or of the one whose header came (`anthropic-version`). */
export type ElsewhereApi = 'native' | 'openai' | 'anthropic' | 'google' | 'shared';

/** A path that another gateway or a vendor serves and this one does not, and what to use. */
export type Elsewhere = { api: ElsewhereApi; sentence: string };

type Entry = { api: ElsewhereApi; pattern: RegExp; sentence: (match: RegExpExecArray) => string | null };

const useChat = 'use POST /v1/chat/completions';
const callProvider = 'call its provider directly';

/** Beginnings of paths, with or without /v1: what is there elsewhere, and what helps instead. */
const families: [ElsewhereApi, string, string, string][] = [
  ['openai', 'completions', 'Legacy text completions are', useChat],
  ['openai', 'engines', 'The engines API is', 'use POST /v1/chat/completions with "model"'],
  ['openai', 'embeddings', 'The embeddings API is', callProvider],
  ['openai', 'moderations', 'Moderations are', callProvider],
  ['openai', 'images', 'Image generation is', callProvider],
  ['openai', 'audio', 'The audio API is', callProvider],
  ['openai', 'videos', 'The video API is', callProvider],
  ['openai', 'realtime|live', 'The realtime API is', 'use POST /v1/responses with "stream": true'],
  ['openai', 'rerank', 'Reranking is', callProvider],
  [
    'openai',
    'conversations',
    'The conversations API is',
    'use "previous_response_id" of POST /v1/responses, or send the history as "input"',
  ],
  [
    'openai',
    'responses/compact',
    'Compaction of a response is',
    'send a shorter history as "input" of POST /v1/responses',
  ],
  [
    'openai',
    'responses/input_tokens',
    'Counting the input of a response is',
    'use POST /v1/messages/count_tokens',
  ],
  [
    'openai',
    'chat/completions/chatcmpl[^/]+',
    'Stored chat completions are',
    'read the call as a job: GET /v1/jobs/{id}, its id being in the header x-job-id',
  ],
  ['openai', 'assistants|threads|chatkit', 'The assistants API is', 'use POST /v1/responses'],
  ['openai', 'vector_stores', 'Vector stores are', 'send what the model shall read with the request'],
  ['openai', 'uploads', 'Uploads in parts are', 'use POST /v1/files, which takes 200 MiB at once'],
  ['openai', 'containers', 'Containers are', 'use function tools, which run at the client'],
  ['openai', 'fine_tuning|fine-tunes', 'Fine-tuning is', callProvider],
  ['openai', 'evals', 'The evals API is', 'use POST /v1/batches'],
  [
    'openai',
    'organization',
    "OpenAI's administration API is",
    'see /docs for keys and accounts of this gateway',
  ],
  ['openai', 'decisions|content_provenance_checks', 'This API of OpenAI is', callProvider],
  ['anthropic', 'complete', 'Legacy text completions are', 'use POST /v1/messages'],
  [
    'anthropic',
    'organizations',
    "Anthropic's administration API is",
    'see /docs for keys and accounts of this gateway',
  ],
  [
    'anthropic',
    'environments|sessions|memory_stores|deployments|deployment_runs|user_profiles|tunnels|dreams|compliance',
    'Managed agents are',
    'use POST /v1/messages',
  ],
  ['shared', 'skills', 'Skills are', 'send the instructions with the request'],
  ['shared', 'agents|vaults', 'Managed agents are', 'use POST /v1/responses or POST /v1/messages'],
];

/** What the vendors' generated clients append to the name of a Gemini model (`@google/genai` 2.x and 3.x). */
const geminiMethods =
  '(?:stream)?generateContent|countTokens|computeTokens|(?:batch|asyncBatch)?(?:embedContents?|generateContent)|(?:stream)?(?:rawPredict|predict)|predictLongRunning';
const gemini = "Gemini's own API is not served here; ";
const useGemini = `${gemini}${useChat} with a model of GET /v1/models, e.g. through OpenAI's SDK`;

const entries: Entry[] = [
  {
    api: 'openai',
    pattern: /^\/v1beta\/openai(?:\/.*)?$/,
    sentence: () => 'The OpenAI-compatible API is at /v1 here; make it the base URL',
  },
  {
    api: 'google',
    pattern: new RegExp(`^(?:/v1)?/models/(?:.+):(?:${geminiMethods})$`, 'i'),
    sentence: () => useGemini,
  },
  {
    api: 'google',
    pattern: /^\/(?:upload\/)?v1(?:beta|alpha)\d*(?:\/.*)?$/,
    sentence: () => useGemini,
  },
  {
    api: 'google',
    pattern: /^\/v1\/(?:cachedContents|tunedModels|corpora|fileSearchStores|operations|projects)(?:\/.*)?$/,
    sentence: () => useGemini,
  },
  {
    api: 'openai',
    pattern: /^\/openai\/deployments(?:\/.*)?$/,
    sentence: () => `Azure's paths of deployments are not served here; ${useChat} with "model"`,
  },
  {
    api: 'openai',
    pattern: /^\/api\/(?:chat|generate|tags|show|embed|embeddings)$/,
    sentence: () => `Ollama's own API is not served here; ${useChat}`,
  },
  ...families.map(
    ([api, names, what, instead]): Entry => ({
      api,
      pattern: new RegExp(`^(?:/v1)?/(?:${names})(?:/.*)?$`),
      sentence: () => `${what} not served here; ${instead}`,
    }),
  ),
  // A base URL with one /v1 too many, with another gateway's name, or with the path of a call at its end.
  {
    api: 'anthropic',
    pattern: /^\/.+?(?:\/v1)?(\/messages(?:\/(?:batches|count_tokens)(?:\/.*)?)?)$/,
    sentence: tooMuch,
  },
  { api: 'openai', pattern: /^\/.+?(?:\/v1)?(\/chat\/completions|\/responses)$/, sentence: tooMuch },
  { api: 'shared', pattern: /^\/.+?\/v1(\/(?:models|files|batches|responses)(?:\/.*)?)$/, sentence: tooMuch },
  { api: 'native', pattern: /^\/.+?\/v1(\/.*)$/, sentence: tooMuch },
];

function tooMuch([path, rest = '']: RegExpExecArray): string | null {
  if (path === `/v1${rest}`) return null;
  return `The base URL ends in /v1 here and has nothing before it: this path is /v1${rest}`;
}

/** What there is elsewhere at a path that is not served here; null for one that nobody serves. */
export function elsewhereAt(path: string): Elsewhere | null {
  for (const { api, pattern, sentence } of entries) {
    const match = pattern.exec(path);
    const text = match === null ? null : sentence(match);
    if (text !== null) return { api, sentence: text };
  }
  return null;
}
