import { type ChatCompletion, type Delta, responseStatusOf } from '../../chat/chat.ts';
import {
  closeItems,
  newEncoderState,
  type ResponseEvent,
  sentThoughts,
  sortAsSent,
  toEvent,
} from './open-items.ts';
import { createPassedEvents } from './passed-events.ts';
import { passedOutput } from './passed-response.ts';
import { clientNames } from './response-namespaces.ts';
import { type ResponseFacts, toResponse } from './response-object.ts';
import { encodeDelta, encodeRemainder, resetItems } from './response-output-events.ts';

/**
 * Turns what happens to one job into the events of the Responses API, in the order and with the numbers that
 * everybody who watches it gets, now or later. What a new attempt takes back is closed as an incomplete item,
 * and the answer begins anew in the next one; the response at the end has only what counts.
 */
export function createResponseEvents(known: ResponseFacts) {
  const state = newEncoderState(known.id, clientNames(known.body.tools ?? []));
  const passing = createPassedEvents(state);
  let passes = false;
  // The first event shows the response as it was when nothing of it was known.
  const facts = { ...known, completion: null, error: null, completedAt: null };
  return {
    created: (): ResponseEvent[] => {
      const isBackground = facts.body.background === true;
      const response = toResponse({ ...facts, status: isBackground ? 'queued' : 'in_progress' });
      const created = toEvent(state, 'response.created', { response });
      return isBackground ? [created, toEvent(state, 'response.queued', { response })] : [created];
    },
    started: (): ResponseEvent[] => [
      toEvent(state, 'response.in_progress', { response: toResponse({ ...facts, status: 'in_progress' }) }),
    ],
    /** Other choices than the first are none of this API's. */
    delta: (delta: Delta): ResponseEvent[] => {
      return delta.choice === 0 && !passes ? encodeDelta(state, delta) : [];
    },
    /** An event of a provider that speaks this API: the deltas after it say the same. */
    passed: (event: Record<string, unknown>): ResponseEvent[] => {
      passes = true;
      return passing.encode(event);
    },
    takeBack: () => (passes ? passing.takeBack() : resetItems(state)),
    completed: (completion: ChatCompletion, completedAt: Date): ResponseEvent[] => {
      const status = responseStatusOf(completion);
      const { pass_through: passed } = completion;
      if (passed?.dialect === 'responses') {
        const response = toResponse({ ...facts, completion, completedAt, status });
        const untold = passing.hasBegun() ? [] : passing.whole(passedOutput(passed.body, known.id));
        return [...untold, toEvent(state, `response.${status}`, { response })];
      }
      const rest = encodeRemainder(state, completion);
      const thoughts = sentThoughts(state);
      const whole = toResponse({ ...facts, completion, completedAt, status, thoughts });
      const response = { ...whole, output: sortAsSent(state, whole['output'] as { id: string }[]) };
      return [...rest, ...closeItems(state, status), toEvent(state, `response.${status}`, { response })];
    },
    /** `ended` has the status and the error it ended with. */
    ended: (ended: Pick<ResponseFacts, 'status' | 'error' | 'completedAt'>): ResponseEvent[] => {
      const closed = passes ? passing.takeBack() : closeItems(state, 'incomplete');
      const type = ended.status === 'cancelled' ? 'response.cancelled' : 'response.failed';
      return [
        ...closed,
        toEvent(state, type, { response: toResponse({ ...facts, ...ended, completion: null }) }),
      ];
    },
  };
}
