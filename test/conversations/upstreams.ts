import type { ModelEntry } from '../../src/shared/catalogue/model.ts';
import { fromAnthropicMessage } from '../../src/workers/providers/anthropic-completion.ts';
import { toAnthropicRequest } from '../../src/workers/providers/anthropic-request.ts';
import { createAnthropicAssembler } from '../../src/workers/providers/anthropic-stream.ts';
import { createChatAssembly } from '../../src/workers/providers/chat-assembly.ts';
import { toGoogleRequest } from '../../src/workers/providers/google-request.ts';
import { createGoogleAssembler } from '../../src/workers/providers/google-stream.ts';
import { createMessageAssembly } from '../../src/workers/providers/message-assembly.ts';
import { fromOpenaiCompletion } from '../../src/workers/providers/openai-completion.ts';
import { compatibleDialect, openaiDialect } from '../../src/workers/providers/openai-dialect.ts';
import { toOpenaiRequest } from '../../src/workers/providers/openai-request.ts';
import { fromResponse } from '../../src/workers/providers/openai-responses-answer.ts';
import { toResponsesRequest } from '../../src/workers/providers/openai-responses-request.ts';
import { createResponsesAssembler } from '../../src/workers/providers/openai-responses-stream.ts';
import { createOpenaiAssembler } from '../../src/workers/providers/openai-stream.ts';
import type { Passing } from '../../src/workers/providers/pass-events.ts';
import { passedChatOf } from '../../src/workers/providers/passed-chat.ts';
import { createChunkFitter } from '../../src/workers/providers/passed-chunks.ts';
import { passedMessageOf } from '../../src/workers/providers/passed-message.ts';
import { createResponseAssembly, passedResponseOf } from '../../src/workers/providers/passed-response.ts';
import type { ProviderCall } from '../../src/workers/providers/provider.ts';
import type { Upstream } from '../../src/workers/providers/run-call.ts';
import { refuseOnMessages } from '../../tools/simulator/anthropic-rules.ts';
import {
  refuseForeignState,
  refuseOnChatTurns,
  refuseOnPlainServer,
} from '../../tools/simulator/chat-rules.ts';
import { refuseOnGenerate } from '../../tools/simulator/google-rules.ts';
import { refuseOnChat, refuseOnResponses } from '../../tools/simulator/provider-rules.ts';
import type { Random } from '../../tools/stack/random.ts';
import { chatAnswer } from './answers/chat-answer.ts';
import { claudeAnswer } from './answers/claude-answer.ts';
import { geminiAnswer } from './answers/gemini-answer.ts';
import type { Reply } from './answers/pieces.ts';
import { responsesAnswer } from './answers/responses-answer.ts';
import { type Seen, seenOnChat, seenOnGenerate, seenOnMessages, seenOnResponses } from './seen.ts';
import type { Answered } from './spoken.ts';
import { servers } from './targets.ts';

type Fields = Record<string, unknown>;

/** A provider that refuses what the real one refuses, and answers as it does. */
export type Strict = {
  bodyOf(call: ProviderCall): object;
  /** Throws for what it refuses. */
  check(body: Fields): void;
  seen(body: Fields): Seen[];
  answer(spoken: Answered, random: Random, body: Fields): Reply;
} & Pick<Upstream, 'translate' | 'createAssembler' | 'lacks' | 'passing'>;

/** The strict provider of a model, for a call of this request. */
export function strictFor(model: ModelEntry, call: ProviderCall): Strict {
  if (model.kind === 'anthropic') return claude;
  if (model.kind === 'google') return gemini(model.upstreamModel);
  if (model.kind === 'compatible') return copy(model.provider);
  const asksResponses = call.request.pass_through?.dialect === 'responses' || call.api === 'responses';
  return asksResponses ? responses(model.upstreamModel) : openai;
}

const claude: Strict = {
  bodyOf: (call) => passedMessageOf(call)?.body ?? toAnthropicRequest(call),
  check: (body) => refuseOnMessages(body),
  seen: seenOnMessages,
  answer: (spoken, random, { thinking }) =>
    claudeAnswer(spoken, random, /enabled|adaptive/.test(String((thinking as Fields | undefined)?.['type']))),
  translate: (body, call) => fromAnthropicMessage(body, call.request.model),
  createAssembler: createAnthropicAssembler,
  lacks: ['json_mode', 'white_space_stops'],
  passing: (call) =>
    passedMessageOf(call) === null ? null : { dialect: 'messages', createAssembly: createMessageAssembly },
};

const gemini = (model: string): Strict => ({
  bodyOf: toGoogleRequest,
  check: ({ contents }) => refuseOnGenerate(model, contents as []),
  seen: seenOnGenerate,
  answer: (spoken, random) => geminiAnswer(spoken, random, !model.startsWith('gemini-2')),
  translate(body, call) {
    const assembler = createGoogleAssembler({ ...call, onDelta: () => undefined });
    assembler.add(body);
    return assembler.completed(true);
  },
  createAssembler: createGoogleAssembler,
});

const openaiWire = {
  seen: seenOnChat,
  translate: (body: unknown, call: ProviderCall) => fromOpenaiCompletion(body, call.request.model),
  createAssembler: createOpenaiAssembler,
  passing: ({ request }: ProviderCall): Passing | null =>
    request.pass_through?.dialect === 'chat'
      ? { dialect: 'chat', createAssembly: createChatAssembly, createFitter: createChunkFitter }
      : null,
};

const openai: Strict = {
  ...openaiWire,
  bodyOf: (call) => passedChatOf(call, openaiDialect) ?? toOpenaiRequest(call, openaiDialect),
  check(body) {
    refuseOnChat(body);
    refuseOnChatTurns(body['messages'] as []);
    refuseForeignState(body['messages'] as []);
  },
  answer: (spoken, random) => chatAnswer(spoken, random, false),
};

const copy = (name: string): Strict => {
  const dialect = compatibleDialect(servers[name]);
  const taken = dialect.takesReasoning
    ? ['reasoning_content', 'reasoning', 'reasoning_details', 'extra_content']
    : [];
  return {
    ...openaiWire,
    bodyOf: (call) => passedChatOf(call, dialect) ?? toOpenaiRequest(call, dialect),
    check: ({ messages }) => refuseOnPlainServer(messages as [], taken),
    answer: (spoken, random) => chatAnswer(withoutCustom(spoken), random, name === 'thinker'),
  };
};

const responses = (model: string): Strict => ({
  bodyOf: (call) => passedResponseOf(call) ?? toResponsesRequest(call),
  check: (body) => refuseOnResponses(model, body),
  seen: seenOnResponses,
  answer: (spoken, random, { include }) => responsesAnswer(spoken, random, include !== undefined),
  translate: fromResponse,
  createAssembler: createResponsesAssembler,
  passing: ({ request }) =>
    request.pass_through?.dialect === 'responses'
      ? { dialect: 'responses', createAssembly: createResponseAssembly }
      : null,
});

/** Servers with functions only call the function that stands for a custom tool. */
const withoutCustom = (spoken: Answered): Answered => ({
  ...spoken,
  calls: spoken.calls.map((call) => ({ ...call, isCustom: false })),
});
