import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type Client, type Gateway, startGateway } from './gateway.ts';
import { type RecordingUpstream, startRecordingUpstream } from './recording-upstream.ts';

export type Passing = {
  upstream: RecordingUpstream;
  gateway: Gateway;
  client: Client;
  /** Sends these bytes as they are. */
  send(
    path: string,
    body: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; text: string; jobId: string }>;
};

/**
 * A gateway over a provider that writes down what it is asked, for the tests of a file; `environment` leads
 * it there. Its fields are there once the tests run, and what was written down is forgotten before each.
 */
export function usePassingGateway(environment: (upstreamUrl: string) => Record<string, string>): Passing {
  const passing = {} as Passing;
  beforeAll(async () => {
    passing.upstream = await startRecordingUpstream();
    passing.gateway = await startGateway({ env: environment(passing.upstream.url) });
    passing.client = await passing.gateway.openAccount('passing', '10');
    passing.send = async (path, body, headers = {}) => {
      const response = await fetch(`${passing.gateway.url}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${passing.client.key}`,
          'content-type': 'application/json',
          ...headers,
        },
        body,
      });
      const jobId = response.headers.get('x-job-id') ?? '';
      return { status: response.status, text: await response.text(), jobId };
    };
  });
  beforeEach(() => {
    passing.upstream.calls.length = 0;
  });
  afterAll(async () => {
    await passing.gateway.close();
    await passing.upstream.close();
  });
  return passing;
}
