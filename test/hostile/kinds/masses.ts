import type { Random } from '../../../tools/stack/random.ts';
import { fieldPaths, textWith } from '../field-paths.ts';
import { type Ground, type Kind, requestTo, routesWithBody } from '../good-request.ts';
import type { HostileRequest } from '../hostile-request.ts';

const name = 'mass';
/** Beyond what is counted, within it, and what only bytes would bound. */
const many = 30_000;
const asManyAsAllowed = 9_000;
const veryMany = 700_000;

const repeated = (item: string, times: number) => Array.from({ length: times }, () => item).join(',');

/** A JSON text of very many wrong items: in a list, or under names. */
function massOf(random: Random, times: number): string {
  const item = random.pick([
    '1',
    'null',
    '{}',
    '[]',
    '""',
    '{"role":"user"}',
    '{"type":"text"}',
    '{"a":{"b":1}}',
  ]);
  if (random.chance(0.6)) return `[${repeated(item, times)}]`;
  return `{${Array.from({ length: times }, (_, index) => `"k${index}":${item}`).join(',')}}`;
}

/**
 * Masses of wrong items in every place of every good body: what costs work by the item must be bounded by the
 * item.
 */
export const masses: Kind = {
  name,
  all: (ground, random) => [
    ...routesWithBody(ground).flatMap((route) => {
      const body = ground.bodies[route.name];
      return fieldPaths(body).map((path) => {
        const times = random.chance(0.8) ? many : asManyAsAllowed;
        const text = textWith(body, path, massOf(random, times));
        return requestTo(ground, route, `${name} ${path.join('.')}`, { body: Buffer.from(text) });
      });
    }),
    ...heavy(ground, random),
  ],
  draw: (ground, random) => {
    const route = random.pick(routesWithBody(ground));
    const body = ground.bodies[route.name];
    const path = random.pick([[], ...fieldPaths(body)]);
    const times = random.pick([asManyAsAllowed, many]);
    const text = textWith(body, path, massOf(random, times));
    return requestTo(ground, route, `${name} ${path.join('.')}`, { body: Buffer.from(text) });
  },
};

/** A few bodies of megabytes: one of each shape is enough to stop a process that looks at every item. */
function heavy(ground: Ground, random: Random): HostileRequest[] {
  return random
    .shuffle(routesWithBody(ground))
    .slice(0, 6)
    .map((route) => {
      const body = ground.bodies[route.name];
      const path = random.pick(fieldPaths(body));
      const text = textWith(body, path, massOf(random, veryMany));
      return requestTo(ground, route, `${name}, heavy, ${path.join('.')}`, { body: Buffer.from(text) });
    });
}
