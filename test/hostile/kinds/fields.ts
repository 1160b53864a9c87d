import type { Random } from '../../../tools/stack/random.ts';
import { fieldPaths, textWith, textWithout, valueAt } from '../field-paths.ts';
import { type Ground, type Kind, requestTo, routesWithBody } from '../good-request.ts';
import type { HostileRequest } from '../hostile-request.ts';
import { anyFieldValues, fittingValues } from '../hostile-values.ts';
import type { Route } from '../routes.ts';

const name = 'field';

/** Every field of every good body with every hostile value, and without it. */
export const fields: Kind = {
  name,
  all: (ground) => routesWithBody(ground).flatMap((route) => everyField(ground, route)),
  draw,
};

/**
 * What fits the meaning of a field is worth a group of its own each; of the rest, some are as good as others.
 */
function everyField(ground: Ground, route: Route): HostileRequest[] {
  const body = ground.bodies[route.name];
  return fieldPaths(body).flatMap((path) => {
    const position = `${name} ${path.join('.')}`;
    const send = (kind: string, text: string) => requestTo(ground, route, kind, { body: Buffer.from(text) });
    return [
      ...anyFieldValues.map((value) => send(position, textWith(body, path, value))),
      ...fittingValues(valueAt(body, path)).map((value) =>
        send(`${position} as ${value.slice(0, 60).replaceAll(':', '.')}`, textWith(body, path, value)),
      ),
      send(position, textWithout(body, path)),
    ];
  });
}

/** Two to four fields at once: what one check lets through may surprise the next. */
function draw(ground: Ground, random: Random): HostileRequest {
  const route = random.pick(routesWithBody(ground));
  let body = ground.bodies[route.name];
  for (let left = random.between(1, 3); left > 0; left -= 1) {
    const path = random.pick(fieldPaths(body));
    if (path === undefined) break;
    const text = random.pick([...anyFieldValues, ...fittingValues(valueAt(body, path))]);
    try {
      body = JSON.parse(textWith(body, path, text)) as unknown;
    } catch {
      break;
    }
  }
  const paths = fieldPaths(body);
  const last = paths.length === 0 ? [] : random.pick(paths);
  const text = textWith(body, last, random.pick(anyFieldValues));
  return requestTo(ground, route, `${name}s of ${last.join('.')}`, { body: Buffer.from(text) });
}
