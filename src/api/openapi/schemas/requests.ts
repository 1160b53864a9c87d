import { messageBatchSchema } from '../../../shared/formats/anthropic-messages/message-batch.ts';
import { imageDataSchema, turnSchema } from '../../../shared/formats/anthropic-messages/message-blocks.ts';
import {
  countTokensSchema,
  messagesSchema,
} from '../../../shared/formats/anthropic-messages/message-request.ts';
import { metadataPairsMax, metadataSchema } from '../../../shared/formats/common/metadata-schema.ts';
import { jobBody } from '../../../shared/formats/jobs/job-request.ts';
import { messageSchema } from '../../../shared/formats/openai-chat/chat-messages.ts';
import { imageUrlSchema } from '../../../shared/formats/openai-chat/chat-parts.ts';
import {
  chatCompletionsSchema,
  chatRequestSchema,
} from '../../../shared/formats/openai-chat/chat-request.ts';
import { inputItemSchema } from '../../../shared/formats/openai-responses/response-items.ts';
import { imageSchema } from '../../../shared/formats/openai-responses/response-parts.ts';
import { responsesSchema } from '../../../shared/formats/openai-responses/response-request.ts';
import { component, documentedAs, excluding, webhookUrl } from '../components.ts';
import {
  bothMaxTokens,
  instructionsOnly,
  reasoningOnly,
  toollessAnthropicChoice,
  toollessChoice,
  topWithoutLogprobs,
  unstoredBackground,
} from './unfit-requests.ts';

documentedAs(jobBody.shape.webhook_url.unwrap(), webhookUrl);
/** In groups of four it would overflow the stack of V8 with an image of some megabytes. */
const base64 = '[A-Za-z0-9+/]+={0,2}';
const imageUrl = {
  type: 'string',
  pattern: `^(https?://[^/\\s\\u0000][^\\u0000]*|data:image/(png|jpeg|gif|webp);base64,${base64})$`,
  description: 'An http(s) URL, or a base64 data: URL of a PNG, JPEG, GIF or WebP',
};
documentedAs(imageUrlSchema, imageUrl);
documentedAs(imageSchema, imageUrl);
documentedAs(imageDataSchema, { type: 'string', pattern: `^${base64}$` });
documentedAs(metadataSchema, {
  type: 'object',
  propertyNames: { minLength: 1, maxLength: 64, pattern: '^[^\\u0000]*$' },
  additionalProperties: { type: 'string', maxLength: 512, pattern: '^[^\\u0000]*$' },
  maxProperties: metadataPairsMax,
});

excluding(chatRequestSchema, toollessChoice, topWithoutLogprobs, bothMaxTokens);
excluding(chatCompletionsSchema, toollessChoice, topWithoutLogprobs, bothMaxTokens);
excluding(responsesSchema, toollessChoice, unstoredBackground, reasoningOnly);
excluding(messagesSchema, toollessAnthropicChoice, instructionsOnly);
excluding(countTokensSchema, toollessAnthropicChoice, instructionsOnly);

component('ChatMessage', messageSchema);
component('ChatRequest', chatRequestSchema);
component('ResponseInputItem', inputItemSchema);
component('MessageTurn', turnSchema);

/** The large bodies under their names in the document; they are read by `shared/formats`. */
export const jobRequest = component('JobRequest', jobBody);
export const chatCompletionRequest = component('ChatCompletionRequest', chatCompletionsSchema);
export const responseRequest = component('ResponseRequest', responsesSchema);
export const messageRequest = component('MessageRequest', messagesSchema);
export const countTokensRequest = component('CountTokensRequest', countTokensSchema);
export const messageBatchRequest = component('MessageBatchRequest', messageBatchSchema);
