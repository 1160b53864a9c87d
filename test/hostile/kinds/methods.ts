import { type Kind, requestTo } from '../good-request.ts';
import { paramsOf } from '../targets.ts';

const wrongMethods = [
  'HEAD',
  'OPTIONS',
  'PUT',
  'PATCH',
  'DELETE',
  'GET',
  'POST',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'get',
  'CONNECT',
  'X',
];

const nowhere = (path: { path: string }) =>
  Object.fromEntries(paramsOf(path).map((param) => [param, 'none']));

/** Every path by every method it does not have, and by HTTP/1.0. */
export const methods: Kind = {
  name: 'method',
  all: (ground, random) =>
    ground.routes.flatMap((route) => [
      ...random
        .shuffle(wrongMethods)
        .slice(0, 3)
        .map((method) => requestTo(ground, route, `method: ${method}`, { method, params: nowhere(route) })),
      requestTo(ground, route, 'method: by HTTP/1.0', { version: '1.0' }),
    ]),
  draw: (ground, random) => {
    const route = random.pick(ground.routes);
    const method = random.pick(wrongMethods);
    return requestTo(ground, route, `method: ${method}`, {
      method,
      params: nowhere(route),
      version: random.pick(['1.0', '1.1']),
    });
  },
};

/** Every route as it is meant to be used, so that none is left out. */
export const plain: Kind = {
  name: 'plain',
  all: (ground) => ground.routes.map((route) => requestTo(ground, route, 'plain')),
  draw: null,
};
