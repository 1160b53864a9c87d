import type { ModelEntry } from '../../src/shared/catalogue/model.ts';
import { newId } from '../../src/shared/ids.ts';
import type { PricedRequest } from '../../src/shared/jobs/submission.ts';
import { writeJson } from '../../src/shared/platform/json/verbatim.ts';
import { type GivenBody, validateBody } from '../../src/shared/validation/bodies.ts';
import { type Random, seededRandom } from '../../tools/stack/random.ts';
import { type Called, prepareCall, runStrict } from './call.ts';
import { createChatClient } from './clients/chat-client.ts';
import { type Client, expectUnderstood, type Fields, type Job } from './clients/client.ts';
import { createMessagesClient } from './clients/messages-client.ts';
import { createResponsesClient } from './clients/responses-client.ts';
import { findChanges, type Turn } from './meaning.ts';
import { createSpeaker, type Kinds } from './spoken.ts';
import { deps, targets } from './targets.ts';

const turnsMax = 12;

const clients: Record<string, () => Client> = {
  'chat completions, all fields': () => createChatClient(true),
  'chat completions, known fields': () => createChatClient(false),
  'responses, all items': () => createResponsesClient('items'),
  'responses, known items': () => createResponsesClient('known items'),
  'responses, references': () => createResponsesClient('references'),
  'responses, from the one before': () => createResponsesClient('previous'),
  'messages, all fields': () => createMessagesClient(true),
  'messages, known fields': () => createMessagesClient(false),
};

/**
 * Holds a conversation of twelve turns, with another provider at each turn if it happens so. Throws at the
 * first turn that a provider refuses, that changes what was spoken, or whose answer its client cannot take:
 * with the seed, by which it is held again.
 */
export async function holdConversation(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const name = random.pick(Object.keys(clients));
  const client = (clients[name] as () => Client)();
  const kinds = {
    urls: random.chance(0.2),
    files: random.chance(0.2),
    custom: client.kind !== 'message' && random.chance(0.5),
  };
  const able = targets.filter(
    ({ kind }) => !((kinds.urls && kind === 'google') || (kinds.files && kind === 'compatible')),
  );
  const turns: Turn[] = [];
  const speaker = createSpeaker(random);
  const used: string[] = [];
  for (let number = 1; number <= turnsMax; number += 1) {
    const target = random.pick(able);
    used.push(target.id);
    try {
      await holdTurn({ client, turns, speaker, kinds, random, mayCall: number < turnsMax }, target, able);
    } catch (error) {
      const at = `seed ${seed}, ${name}, turn ${number} of ${used.join(', ')}`;
      throw new Error(`${at}: ${(error as Error).message}`, { cause: error });
    }
  }
}

type Held = {
  client: Client;
  turns: Turn[];
  speaker: ReturnType<typeof createSpeaker>;
  kinds: Kinds;
  random: Random;
  mayCall: boolean;
};

async function holdTurn(held: Held, target: ModelEntry, able: ModelEntry[]): Promise<void> {
  const { client, turns, speaker, kinds, random, mayCall } = held;
  const open = turns.at(-1)?.answered?.calls ?? [];
  const asked = speaker.asked(open, kinds, turns.length === 0);
  const hasTools = random.chance(0.9);
  const stream = random.chance(0.5);
  const effort =
    target.supports.reasoning && random.chance(0.6) ? random.pick(['low', 'medium', 'high']) : null;
  const body = client.ask(asked, { model: target.id, stream, effort, hasTools });
  const fallback = client.kind === 'chat' && effort === null && random.chance(0.2) ? random.pick(able) : null;
  const priced = price(client, body, fallback);
  const turn: Turn = { asked, open, answered: null };
  const prepare = (model: ModelEntry) => {
    const prepared = prepareCall(model, priced.text, stream);
    prepared.strict.check(prepared.body);
    const changes = findChanges([...turns, turn], prepared.strict.seen(prepared.body));
    if (changes.length > 0) throw new Error(`${changes.join('; ')}, in ${JSON.stringify(prepared.body)}`);
    return prepared;
  };
  const first = prepare(target);
  const prepared = fallback === null ? first : prepare(fallback);
  const spoken = speaker.answered(kinds, mayCall && hasTools);
  const reply = prepared.strict.answer(spoken, random, prepared.body);
  const called = await runStrict(prepared, reply, random);
  const job: Job = {
    id: newId('job'),
    model: target.id,
    createdAt: new Date(1_700_000_000_000),
    passes: priced.passes,
  };
  const completion = { ...called.completion, model: target.id };
  const whole = plain(client.whole(completion, job, body));
  const events = stream ? eventsOf(client, job, body, { ...called, completion }) : null;
  const stored = { jobId: job.id, original: priced.original ?? '', result: writeJson(completion) };
  expectUnderstood(client.take({ whole, events, turn: stored }), spoken);
  turns.push({ ...turn, answered: spoken });
}

const plain = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

const owner = { accountId: 'acct_1', defaultMaxOutputTokens: null };

/** As the route does; one with a fallback is a job of its own. */
function price(client: Client, body: Fields, fallback: ModelEntry | null): PricedRequest {
  const toGiven = (value: unknown): GivenBody => ({
    bytes: Buffer.from(JSON.stringify(value)),
    owner,
    ...client.stored(),
  });
  if (fallback !== null) {
    const { stream: _, stream_options: __, ...request } = body;
    return validateBody(deps, 'job', toGiven({ request, fallbacks: [fallback.id] })).priced;
  }
  const { priced } = validateBody(deps, client.kind, toGiven(body)) as { priced: PricedRequest | null };
  if (priced === null) throw new Error('a body with all that was spoken before it has a price');
  return priced;
}

function eventsOf(client: Client, job: Job, body: Fields, { completion, pieces }: Called): Fields[] {
  const encoder = client.encoder(job, body);
  const started = encoder.started();
  const output = pieces.flatMap((piece) => {
    if ('passed' in piece) return job.passes ? encoder.passed(piece.passed) : [];
    return job.passes ? [] : encoder.delta(piece.delta);
  });
  return plain([...started, ...output, ...encoder.ended(completion)]);
}
