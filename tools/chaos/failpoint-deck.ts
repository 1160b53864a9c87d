import { type FailpointName, failpointNames } from '../../src/shared/platform/failpoints.ts';
import type { Random } from '../stack/random.ts';
import { createDeck } from './run-faults.ts';

const isOfRequest = (name: FailpointName) => name.startsWith('intake.') || name.startsWith('cancel.');
/** An API process runs the calls that it accepts itself. */
const isOfApi = (name: FailpointName) => isOfRequest(name) || name.startsWith('run.');
const isOfWorkers = (name: FailpointName) => !isOfRequest(name);

/** Loops pass their place many times a second, jobs a few times: each kind of place fails about as often. */
function probabilityOf(name: FailpointName): number {
  if (name.startsWith('dispatch.')) return 0.1;
  if (name.startsWith('reap.') || name.startsWith('reconcile.') || name.startsWith('cancel.')) return 0.3;
  return 0.02;
}

/**
 * A step of a request that throws is a bug, and is answered with 500: the contract has nothing else for it.
 */
function actionsAt(name: FailpointName): string[] {
  const actions = ['kill', 'kill:30', 'stop', 'delay:300', 'block:400'];
  return isOfRequest(name) ? actions : [...actions, 'throw'];
}

/**
 * Deals failpoints to processes as they start: every place is killed, stopped, thrown at and held up in turn.
 */
export function createFailpointDeck(random: Random): (role: 'api' | 'workers') => string {
  const deckOf = (role: 'api' | 'workers') =>
    createDeck(
      failpointNames
        .filter(role === 'api' ? isOfApi : isOfWorkers)
        .flatMap((name) => actionsAt(name).map((action) => `${name}=${action}@${probabilityOf(name)}`)),
      random.fork(role),
    );
  const decks = { api: deckOf('api'), workers: deckOf('workers') };
  return (role) => decks[role]();
}
