import type { Random } from '../../tools/stack/random.ts';
import type { Ground, Kind } from './good-request.ts';
import type { HostileRequest } from './hostile-request.ts';
import { paths, queries } from './kinds/addresses.ts';
import { departures } from './kinds/departures.ts';
import { encodings } from './kinds/encodings.ts';
import { fields } from './kinds/fields.ts';
import { formKind } from './kinds/forms.ts';
import { headers } from './kinds/headers.ts';
import { masses } from './kinds/masses.ts';
import { methods, plain } from './kinds/methods.ts';
import { mutations } from './kinds/mutations.ts';
import { rawRequests } from './kinds/raw-requests.ts';

/** How often each kind is drawn once everything that is listed has been sent. */
const weights: [kind: Kind, weight: number][] = [
  [fields, 30],
  [mutations, 25],
  [headers, 12],
  [queries, 10],
  [encodings, 8],
  [paths, 8],
  [formKind, 5],
  [methods, 3],
  [departures, 3],
  [masses, 1],
];

/**
 * The requests of a sweep, in the order they are sent. What the kinds list comes in rounds, each with one
 * more of every group (a field, a parameter, a way to be hostile), so that the beginning of a sweep already
 * is a bit of everything; when all of it is planned, drawn ones follow. All of it follows from the seed.
 * `hiddenKey` belongs to the account for which only hidden requests are made.
 */
export function planSweep(
  ground: Ground,
  random: Random,
  requests: number,
  hiddenKey: string,
): HostileRequest[] {
  const raw = rawRequests(hiddenKey);
  const kinds = [plain, raw, ...weights.map(([kind]) => kind)];
  const listed = kinds.flatMap((kind) => kind.all(ground, random.fork(kind.name)));
  const planned = inRounds(listed, random.fork('order')).slice(0, requests);
  const dice = random.fork('draws');
  const drawn = [...weights, [raw, 2] as const].flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind),
  );
  while (planned.length < requests) {
    const { draw } = dice.pick(drawn);
    if (draw !== null) planned.push(draw(ground, dice));
  }
  return planned;
}

/** The groups are what stands before a colon in the name of a kind, for each route. */
function inRounds(listed: HostileRequest[], random: Random): HostileRequest[] {
  const groups = new Map<string, HostileRequest[]>();
  for (const request of listed) {
    const group = `${request.route} ${request.kind.split(':', 1)[0]}`;
    groups.set(group, [...(groups.get(group) ?? []), request]);
  }
  const rounds: HostileRequest[][] = [];
  for (const group of groups.values()) {
    for (const [round, request] of random.shuffle(group).entries()) {
      const others = rounds[round];
      if (others === undefined) rounds[round] = [request];
      else others.push(request);
    }
  }
  return rounds.flatMap((round) => random.shuffle(round));
}
