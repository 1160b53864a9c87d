import type { Ground } from './ground.ts';
import type { Neighbourhood } from './neighbours.ts';
import type { Poisoner } from './poison.ts';

/** What every scene plays on. */
export type Stage = Ground & { neighbourhood: Neighbourhood; poisoner: Poisoner };
