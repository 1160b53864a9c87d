import type { IncomingHttpHeaders } from 'node:http';
import type { PassThrough } from '../../chat/chat.ts';

/** Headers of Anthropic's API that say how its body is meant. */
export type MessageHeaders = { 'anthropic-version'?: string; 'anthropic-beta'?: string };

/** Those of a request. */
export function messageHeaders(headers: IncomingHttpHeaders): MessageHeaders {
  const version = headers['anthropic-version'];
  const beta = headers['anthropic-beta'];
  return {
    ...(typeof version === 'string' && { 'anthropic-version': version }),
    ...(typeof beta === 'string' && { 'anthropic-beta': beta }),
  };
}

/**
 * What a client of Anthropic's API sent, to be passed on. The headers travel in the body under the names that
 * Anthropic's API has for them on other clouds (`anthropic_version`, `anthropic_beta`).
 */
export function passedMessage(given: unknown, headers: MessageHeaders = {}): PassThrough {
  const { stream: _, ...body } = given as Record<string, unknown>;
  const { 'anthropic-version': version, 'anthropic-beta': beta } = headers;
  return {
    dialect: 'messages',
    body: {
      ...body,
      ...(version !== undefined && { anthropic_version: version }),
      ...(beta !== undefined && { anthropic_beta: beta }),
    },
  };
}
