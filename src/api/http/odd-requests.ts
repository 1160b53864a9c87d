import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Refusal } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';

/**
 * What Node would answer by itself and without a word: an expectation that is not known, and HTTP/1.1 without
 * a host. Nor may there be two (RFC 9112, 3.2): a proxy before us may have gone by the other.
 */
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
    const { headers, httpVersion, rawHeaders } = request.raw;
    const isMissing = headers.host === undefined && httpVersion === '1.1';
    const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
    if (!isMissing && hosts.length <= 1) return;
    reply.header('connection', 'close');
    throw new Refusal(
      'invalid_json',
      isMissing ? 'A request needs the header Host' : 'A request has the header Host once',
    );
  });
}
