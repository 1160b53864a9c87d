import { messageBatchSchema } from '../../../shared/formats/anthropic-messages/message-batch.ts';
import { turnSchema } from '../../../shared/formats/anthropic-messages/message-blocks.ts';
import {
  countTokensSchema,
  messagesSchema,
} from '../../../shared/formats/anthropic-messages/message-request.ts';
import { metadataPairsMax, metadataSchema } from '../../../shared/formats/common/metadata-schema.ts';
import { jobBody } from '../../../shared/formats/jobs/job-request.ts';
import { messageSchema } from '../../../shared/formats/openai-chat/chat-messages.ts';
import {
  chatCompletionsSchema,
  chatRequestSchema,
} from '../../../shared/formats/openai-chat/chat-request.ts';
import { inputItemSchema } from '../../../shared/formats/openai-responses/response-items.ts';
import { responsesSchema } from '../../../shared/formats/openai-responses/response-request.ts';
import { component, documentedAs, webhookUrl } from '../components.ts';

documentedAs(jobBody.shape.webhook_url.unwrap(), webhookUrl);
documentedAs(metadataSchema, {
  type: 'object',
  propertyNames: { minLength: 1, maxLength: 64, pattern: '^[^\\u0000]*$' },
  additionalProperties: { type: 'string', maxLength: 512, pattern: '^[^\\u0000]*$' },
  maxProperties: metadataPairsMax,
});

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
