import { describe, expect, test } from 'vitest';
import type { HostileRequest } from '../hostile-request.ts';
import { type Exchange, readAnswers } from '../http-exchange.ts';
import { innocentCanary } from '../stock.ts';
import { checkExchange } from './answers.ts';
import { reportedJobs } from './told-jobs.ts';

const request: HostileRequest = {
  kind: 'planted',
  route: 'POST /v1/jobs',
  sender: 'tenant',
  method: 'POST',
  target: '/v1/jobs',
  headers: [],
  body: null,
  version: '1.1',
};

const refusal = JSON.stringify({ detail: 'no', error: { type: 'not_found', message: 'No such job' } });

/** An answer as it comes over the wire, with a head of its own. */
function answered(status: number, body: string, ...head: string[]): Exchange {
  const lines = [`HTTP/1.1 ${status} X`, `content-length: ${Buffer.byteLength(body)}`, ...head];
  return { ...readAnswers(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)), sentAll: true };
}

const id = 'x-request-id: req_1';
const details = (came: Exchange, changes: Partial<HostileRequest> = {}) =>
  checkExchange({ ...request, ...changes }, came).map(({ detail }) => detail);

describe('the oracle of answers', () => {
  test('has nothing against a refusal that names a fault, nor against an answer', () => {
    expect(details(answered(404, refusal, id))).toEqual([]);
    expect(details(answered(200, '{}', id, 'location: /v1/jobs/job_1'))).toEqual([]);
  });

  test.each<[string, Exchange, RegExp]>([
    ['an error of the server', answered(500, refusal, id), /^status 500/],
    ['no answer', { answers: [], rest: Buffer.alloc(0), sentAll: true }, /^no answer$/],
    ['a second answer', twice(answered(404, refusal, id)), /^2 answers/],
    [
      'something after the answer',
      { ...answered(404, refusal, id), rest: Buffer.from('x') },
      /^bytes that are no/,
    ],
    ['a cookie', answered(200, '{}', 'set-cookie: a=b'), /^a cookie$/],
    ['a header the request made', answered(200, '{}', 'x-injected: yes'), /^an injected header$/],
    ['a redirect', answered(302, '', 'location: /v1/jobs'), /^a redirect/],
    ['a location elsewhere', answered(201, '{}', 'location: //evil.example/'), /^a location elsewhere/],
    ["another tenant's text", answered(200, `{"result":"${innocentCanary}"}`), /another tenant/],
    ['a refusal as long as the request', answered(422, 'x'.repeat(70_000), id), /^a refusal of 70000 bytes$/],
    ['a refusal without an id', answered(404, refusal), /without x-request-id/],
    ['a refusal that is no JSON', answered(404, '<html>', id), /without an error type/],
    ['a stack', answered(400, `${refusal} at parse (node:internal/x.js:1:1)`, id), /^insides/],
    [
      'words of the database',
      answered(422, refusal.replace('no', 'violates check constraint'), id),
      /^insides/,
    ],
    ['words of the runtime', answered(422, refusal.replace('no', 'x is not a function'), id), /^insides/],
  ])('notices %s', (_what, came, detail) => {
    expect(details(came)).toContainEqual(expect.stringMatching(detail));
  });

  test('asks no answer of a client that left', () => {
    expect(details({ answers: [], rest: Buffer.alloc(0), sentAll: false })).toEqual([]);
  });

  test('lets the operator see every tenant', () => {
    expect(details(answered(200, `{"name":"${innocentCanary}"}`), { sender: 'operator' })).toEqual([]);
  });
});

function twice({ answers, rest }: Exchange): Exchange {
  return { answers: [...answers, ...answers], rest, sentAll: true };
}

test('jobs are told by bodies, by heads, and as responses, and only to those who ordered', () => {
  const suffix = '0'.repeat(32);
  const reported = (body: string, head: string, method = 'POST') =>
    reportedJobs({ ...request, method }, answered(200, body, head).answers);
  expect(reported(`{"id":"job_${suffix}"}`, id)).toEqual([`job_${suffix}`]);
  expect(reported(`{"id":"resp_${suffix}"}`, id)).toEqual([`job_${suffix}`]);
  expect(reported('{}', `x-job-id: job_${suffix}`)).toEqual([`job_${suffix}`]);
  expect(reported(`{"id":"job_${suffix}"}`, id, 'GET')).toEqual([]);
});
