import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Database, openDatabase } from '../../src/shared/platform/postgres/database.ts';
import { startSimulator } from '../../tools/simulator/server.ts';
import { createTestDatabase } from './database.ts';
import { testRedis } from './redis.ts';
import { canPrepare } from './servers.ts';

export const adminKey = 'the-operator-key-of-these-tests-0123456789';

export type Gateway = {
  url: string;
  simulatorUrl: string;
  sql: Database;
  /** Those that were started, dead ones too. */
  processes(): GatewayProcess[];
  redis: ReturnType<typeof testRedis>;
  /**
   * Starts another process of the gateway with this role, sharing everything; it is stopped with the rest.
   */
  spawn(role: 'api' | 'workers' | 'all', env?: Record<string, string>): Promise<GatewayProcess>;
  /** A new account with this much money, and a key of it. */
  openAccount(id: string, usd: string): Promise<Client>;
  admin: Client;
  close(): Promise<void>;
};

export type GatewayProcess = {
  url: string;
  pid: number;
  /** Everything it has logged so far. */
  log(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Resolves when it is gone, whoever ended it. */
  ended: Promise<unknown>;
};

// biome-ignore lint/suspicious/noExplicitAny: tests look at any field
export type Answer = { status: number; json: any; headers: Headers };
export type Client = {
  key: string;
  call(request: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
};

/**
 * A whole gateway in processes of its own, over a database and a simulator of its own. `roles` are started at
 * once.
 */
export async function startGateway(options: {
  roles?: ('api' | 'workers' | 'all')[];
  env?: Record<string, string>;
}): Promise<Gateway> {
  const database = await createTestDatabase();
  const redis = testRedis();
  const simulator = await startSimulator({ port: 0 });
  const sql = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
  const processes: GatewayProcess[] = [];
  const env = {
    PATH: process.env['PATH'] ?? '',
    ENVIRONMENT: 'development',
    PORT: '0',
    DATABASE_URL: database.appUrl,
    DATABASE_DIRECT_URL: database.ownerUrl,
    ...(redis.clusterNodes === null
      ? { REDIS_URL: redis.url }
      : { REDIS_CLUSTER_NODES: redis.clusterNodes.join(',') }),
    DATABASE_PREPARE: canPrepare() ? 'on' : 'off',
    REDIS_PREFIX: redis.prefix,
    SIMULATOR_URL: simulator.url,
    ADMIN_API_KEY: adminKey,
    SHUTDOWN_GRACE_SECONDS: '2',
    WEBHOOK_ALLOW_PRIVATE: 'on',
    LOG_LEVEL: 'info',
    ...options.env,
  };
  const spawnOne: Gateway['spawn'] = async (role, more = {}) => {
    const started = await spawnProcess(role, { ...env, ...more });
    processes.push(started);
    return started;
  };
  for (const role of options.roles ?? ['all']) await spawnOne(role);
  const url = processes.find((one) => one.url.startsWith('http'))?.url ?? '';
  const admin = createClient(() => url, adminKey);
  return {
    url,
    simulatorUrl: simulator.url,
    sql,
    processes: () => processes,
    redis,
    spawn: spawnOne,
    admin,
    openAccount: async (id, usd) => {
      await admin.call('POST /v1/admin/accounts', { id, name: id, credit_usd: usd });
      const { json } = await admin.call(`POST /v1/admin/accounts/${id}/keys`, { scopes: ['jobs'] });
      return createClient(() => url, json.key);
    },
    close: async () => {
      await Promise.all(processes.map((one) => one.kill('SIGKILL')));
      await simulator.close();
      await sql.end();
      await database.drop();
    },
  };
}

function createClient(url: () => string, key: string): Client {
  return {
    key,
    call: async (request, body, headers = {}) => {
      const [method = 'GET', path = ''] = request.split(' ', 2);
      const answer = await fetch(`${url()}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, json: text === '' ? null : JSON.parse(text), headers: answer.headers };
    },
  };
}

async function spawnProcess(role: string, env: NodeJS.ProcessEnv): Promise<GatewayProcess> {
  const child = spawn(process.execPath, ['dist/main.js', role], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const url = await new Promise<string>((ready, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      const line = /^ready (\S+)/m.exec(chunk.toString());
      if (line !== null) ready(line[1] ?? '');
    });
    child.once('exit', (code) =>
      failed(new Error(`${role} ended with ${code} before it was ready: ${log.slice(-2000)}`)),
    );
  });
  return { url, pid: child.pid ?? 0, log: () => log, kill: (signal) => killChild(child, signal), ended };
}

async function killChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

/** The body of a job: a chat with one user message. */
export function jobBody(
  text: string,
  more: { model?: string; max_tokens?: number } & Record<string, unknown> = {},
) {
  const { model = 'openai/gpt-5-mini', max_tokens: maxTokens = 64, ...rest } = more;
  return { request: { model, messages: [{ role: 'user', content: text }], max_tokens: maxTokens }, ...rest };
}

/** The job once it has ended; throws what was answered in its stead. */
export async function whenEnded(client: Client, jobId: string) {
  for (let look = 0; look < 4; look += 1) {
    const { status, json } = await client.call(`GET /v1/jobs/${jobId}?wait=30`);
    if (status !== 200) throw new Error(`job ${jobId}: ${status} ${JSON.stringify(json)}`);
    if (!['queued', 'running'].includes(json.status)) return json;
  }
  throw new Error(`job ${jobId} did not end within two minutes`);
}

/** An account may wait for no more than this many at once. */
const waitsAtOnce = 200;

/** The jobs once they have ended, in the order of their ids; waits for as many at once as an account may. */
export async function whenAllEnded(client: Client, jobIds: string[]) {
  const jobs = [];
  for (let from = 0; from < jobIds.length; from += waitsAtOnce) {
    const group = jobIds.slice(from, from + waitsAtOnce);
    jobs.push(...(await Promise.all(group.map((id) => whenEnded(client, id)))));
  }
  return jobs;
}
