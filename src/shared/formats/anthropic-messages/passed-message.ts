import type { IncomingHttpHeaders } from 'node:http';
import type { PassThrough } from '../../chat/chat.ts';
import { toOwnTurns } from './own-turns.ts';

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
  const { stream: _, ...body } = toOwnWords(given as Fields);
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

type Fields = Record<string, unknown>;

/**
 * A body in the words that Anthropic's API has now: the format of an output where it stands today, no
 * sentinel for no `top_k`, and the turns as it takes them back.
 */
function toOwnWords(body: Fields): Fields {
  const format = body['output_format'] ?? null;
  const config = { ...(format !== null && { format }), ...((body['output_config'] ?? {}) as Fields) };
  const fields = Object.entries(body).flatMap(([name, value]): [string, unknown][] => {
    if (name === 'betas' || (name === 'top_k' && !(Number(value) >= 0 && value !== null))) return [];
    if (name === 'messages') return [[name, toOwnTurns(value as Fields[])]];
    if (name === 'output_format') return format === null ? [] : [['output_config', config]];
    return [[name, name === 'output_config' && format !== null ? config : value]];
  });
  return Object.fromEntries(fields);
}
