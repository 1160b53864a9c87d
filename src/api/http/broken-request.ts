import type { Socket } from 'node:net';
import { newId } from '../../shared/ids.ts';

const answers: Record<string, { status: string; detail: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    detail: 'The headers are larger than 16 KiB',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    detail: 'The request took too long to arrive',
  },
};
const malformed = { status: '400 Bad Request', detail: 'The request is not valid HTTP' };

/** Answers what is not even an HTTP request, in the shape of every other error, and closes the connection. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, detail } = answers[error.code ?? ''] ?? malformed;
  const request_id = newId('req');
  const error_type = 'invalid_request';
  const body = JSON.stringify({
    detail,
    code: Number.parseInt(status, 10),
    error_type,
    request_id,
    error: { message: detail, type: error_type, code: error_type, param: null },
  });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\nx-request-id: ${request_id}\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
