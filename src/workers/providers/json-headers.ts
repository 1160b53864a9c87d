/** For an upstream of the operator's own that wants no key: some servers refuse a request without one. */
export const placeholderKey = 'no-key-configured';

/**
 * The headers of a request with a body of JSON, as names and values in turn, as undici takes them without
 * another object. Answers are asked for as they are: to unpack one costs more than to read it, and a stream
 * that is packed on its way comes in lumps. One that comes packed is read all the same.
 */
export function jsonHeaders(own: Record<string, string>): readonly string[] {
  const all = {
    accept: 'application/json',
    'content-type': 'application/json',
    'user-agent': userAgent,
    ...own,
  };
  return Object.entries(all).flat();
}

/** As on webhooks. */
const userAgent = 'llm-job-gateway';
