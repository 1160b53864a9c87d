import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Refusal } from '../../shared/domain/errors.ts';
import { newId } from '../../shared/domain/ids.ts';

/** What Node would answer by itself and without a word: an expectation that is not known, and HTTP/1.1 without a host. */
export function answerOddRequests(app: FastifyInstance): void {
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const request_id = newId('req');
    const detail = 'Expect: only 100-continue is known';
    const type = 'invalid_request';
    const body = JSON.stringify({
      detail,
      code: 417,
      error_type: type,
      request_id,
      error: { message: detail, type, code: type, param: null },
    });
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-request-id': request_id,
      'cache-control': 'no-store',
      connection: 'close',
    };
    response.writeHead(417, headers).end(body);
  });
  app.addHook('onRequest', async (request, reply) => {
    if (request.raw.httpVersion !== '1.1' || request.headers.host !== undefined) return;
    reply.header('connection', 'close');
    throw new Refusal('invalid_json', 'A request needs the header Host');
  });
}
