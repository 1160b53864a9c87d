/**
 * Whose credential a request shows: a tenant's, the operator's, a tenant's who breaks off in the middle, or
 * none.
 */
export type Sender = 'tenant' | 'operator' | 'leaver' | 'nobody';

/**
 * One request of the sweep. Everything about it follows from the seed, except the ids of objects it names.
 */
export type HostileRequest = {
  /** Which generator made it, and of what; told when it finds something. */
  kind: string;
  /** The route it is meant for, as in the list of routes, such as `POST /v1/jobs`. */
  route: string;
  sender: Sender;
  method: string;
  /** Path and query, as they stand in the request line. */
  target: string;
  headers: [name: string, value: string][];
  body: Buffer | null;
  version: '1.0' | '1.1';
  /** The whole request when the parts above do not make it. */
  raw?: Buffer;
  /** The client goes away after so many bytes. */
  leaveAfterBytes?: number;
};

export type Credentials = Record<Exclude<Sender, 'nobody'>, string>;

/** The bytes of a request. What it says itself (a credential, a length, a host) is not said a second time. */
export function toBytes(request: HostileRequest, credentials: Credentials): Buffer {
  if (request.raw !== undefined) return request.raw;
  const { method, target, headers, body, version, sender } = request;
  const reports = new Set(headers.map(([name]) => name.toLowerCase()));
  const all: [string, string][] = [];
  const add = (name: string, value: string) => {
    if (!reports.has(name)) all.push([name, value]);
  };
  add('host', 'gateway.test');
  if (sender !== 'nobody' && !reports.has('x-api-key')) add('authorization', `Bearer ${credentials[sender]}`);
  if (body !== null) {
    add('content-type', 'application/json');
    if (!reports.has('transfer-encoding')) add('content-length', String(body.length));
  }
  all.push(...headers);
  add('connection', 'close');
  const head = [`${method} ${target} HTTP/${version}`, ...all.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)]);
}
