import { insertAccount } from '../../../src/shared/accounts/sql/accounts.ts';
import { type BatchLease, type OpenBatch, renewBatch } from '../../../src/shared/batches/sql/batch-lease.ts';
import { insertBatch } from '../../../src/shared/batches/sql/batches.ts';
import { appendToFile, beginFile, finishFile } from '../../../src/shared/batches/sql/files.ts';
import { loadCatalogue } from '../../../src/shared/catalogue/catalogue.ts';
import { newId } from '../../../src/shared/ids.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { priceLines } from '../../../src/shared/validation/tasks.ts';
import type { BatchStepDeps } from '../../../src/workers/batches/batch-step.ts';
import { validateLines } from '../../../src/workers/batches/validate-lines.ts';
import { createTestDatabase } from '../../support/database.ts';

export type PlantedBatches = {
  sql: Database;
  deps: BatchStepDeps;
  /** What was signalled, as `topic about`. */
  signals: string[];
  /** How often the delivery workers were woken. */
  owed(): number;
  /** A batch of an account of its own, leased by the test. */
  plant(text: string, options?: { availableNano?: bigint; retryOf?: string }): Promise<BatchLease>;
  /** How the batch stands now. */
  read(lease: BatchLease): Promise<OpenBatch>;
  /** Reads the file of a batch to its end and opens its hold; no job is made yet. */
  begin(lease: BatchLease): Promise<void>;
  /** Ends all jobs of a batch, as their workers would. */
  endJobs(lease: BatchLease, state: 'succeeded' | 'failed'): Promise<void>;
  /** The lines of a file that is written or still being written, parsed. */
  linesOf(fileId: string | null): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
};

/** A line that asks for a short chat completion. */
export const chatLine = (customId: string, model = 'openai/gpt-5-mini'): string => {
  const body = { model, messages: [{ role: 'user', content: 'hello' }], max_completion_tokens: 20 };
  return `${JSON.stringify({ custom_id: customId, method: 'POST', url: '/v1/chat/completions', body })}\n`;
};

export async function openPlantedBatches(): Promise<PlantedBatches> {
  const database = await createTestDatabase();
  const sql = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
  const catalogue = loadCatalogue();
  const providers = new Map([['openai', { simulated: true }]]);
  const signals: string[] = [];
  let owed = 0;
  const deps: BatchStepDeps = {
    sql,
    catalogue,
    signals: { publish: (topic, about) => void signals.push(`${topic} ${about}`) },
    log: createLog('silent', 'test'),
    validator: {
      lines: async (lines, owner) =>
        priceLines({ catalogue, providers, webhooks: { allowPrivate: true } }, { lines, owner }),
    },
    owesDelivery: () => {
      owed += 1;
    },
  };

  async function read(lease: BatchLease): Promise<OpenBatch> {
    const batch = await renewBatch(sql, lease);
    if (batch === null) throw new Error('the batch ended');
    return batch;
  }

  async function writeFile(accountId: string, text: string): Promise<string> {
    const id = newId('file');
    await beginFile(sql, { id, accountId, purpose: 'batch', filename: 'lines.jsonl' });
    if (text !== '') await appendToFile(sql, id, Buffer.from(text));
    await finishFile(sql, { id, expiresInSeconds: 3600 });
    return id;
  }

  return {
    sql,
    deps,
    signals,
    owed: () => owed,
    read,
    plant: async (text, { availableNano = 1_000_000_000n, retryOf } = {}) => {
      const accountId = newId('acct');
      await insertAccount(sql, { id: accountId, name: accountId });
      await sql`update balances set available_nano = ${availableNano} where account_id = ${accountId}`;
      const { id: batchId } = await insertBatch(sql, {
        id: newId('batch'),
        accountId,
        kind: 'openai',
        endpoint: '/v1/chat/completions',
        inputFileId: await writeFile(accountId, text),
        asked: null,
        fingerprint: '',
        retryOf: retryOf ?? null,
        webhookUrl: 'https://a.example/',
        metadata: null,
        outputExpiresSeconds: null,
        windowSeconds: 86_400,
      });
      const token = newId('wrk');
      await sql`update batches set lease_token = ${token}, lease_until = now() + interval '1 hour'
        where id = ${batchId}`;
      return { batchId, accountId, token, seconds: 3600 };
    },
    begin: async (lease) => {
      let batch = await read(lease);
      while (batch.state === 'validating') {
        await validateLines(deps, lease, batch);
        batch = await read(lease);
      }
    },
    endJobs: async ({ batchId }, state) => {
      const error = { type: 'provider_failed', message: 'no', provider_status: 500 };
      const result = { choices: [{ index: 0, message: { role: 'assistant', content: 'hi' } }] };
      await sql`update jobs set state = 'ticketed' where batch_id = ${batchId}`;
      await sql`update jobs set state = 'running', lease_until = now(), started_at = now()
        where batch_id = ${batchId}`;
      if (state === 'succeeded')
        await sql`insert into job_results (job_id, result)
          select id, ${JSON.stringify(result)} from jobs where batch_id = ${batchId}`;
      await sql`
        update jobs
        set state = ${state}, lease_until = null, finished_at = now(),
          error = case when ${state} = 'failed' then ${JSON.stringify(error)}::jsonb end
        where batch_id = ${batchId}`;
      await sql`
        update batches
        set completed = completed + case when ${state} = 'succeeded' then n else 0 end,
          failed = failed + case when ${state} = 'failed' then n else 0 end
        from (select count(*)::integer as n from jobs where batch_id = ${batchId}) j
        where id = ${batchId}`;
    },
    linesOf: async (fileId) => {
      const chunks = await sql<{ bytes: Buffer }[]>`
        select bytes from file_chunks where file_id = ${fileId} order by starts_at`;
      const lines = Buffer.concat(chunks.map(({ bytes }) => bytes))
        .toString('utf8')
        .split('\n');
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
    },
    close: async () => {
      await sql.end();
      await database.drop();
    },
  };
}
