import type { Random } from '../../../tools/stack/random.ts';
import { type Ground, type Kind, requestTo } from '../good-request.ts';
import type { HostileRequest } from '../hostile-request.ts';
import { addressTexts, brokenEncodings } from '../hostile-values.ts';
import type { Route } from '../routes.ts';
import { paramsOf, toQuery } from '../targets.ts';

/** Names that no route documents, or documents once. */
const strayQueries: string[] = [
  'no_such_field=1',
  'limit=1&limit=2',
  'limit[]=1&limit[a]=2',
  'after=job_1&after=job_2',
  '__proto__=1&constructor=2&toString=3',
  'token=1',
  'metadata.a=1&metadata.a=2',
  'metadata.=1',
  `${'a=1&'.repeat(2000)}`,
  `x=${'%41'.repeat(3000)}`,
  '&&&===',
  '%00=1',
  '%ff=%ff',
  'a=1#fragment',
  '?x',
];

/**
 * Every documented field of every query with every text, as it should be encoded; and addresses that are
 * encoded wrongly.
 */
export const queries: Kind = {
  name: 'query',
  all: (ground, random) => [
    ...ground.routes.flatMap((route) =>
      route.query.flatMap((field) => addressTexts.map((text) => withField(ground, route, field, text))),
    ),
    ...ground.routes.flatMap((route) =>
      random
        .shuffle(strayQueries)
        .slice(0, 3)
        .map((query) => requestTo(ground, route, 'query: stray', { query: `?${query}` })),
    ),
  ],
  draw: (ground, random) => {
    const route = random.pick(ground.routes);
    const fields = [...route.query, 'limit', 'after', 'metadata.topic', 'x'];
    const parts = Array.from({ length: random.between(1, 4) }, () => {
      const text = random.chance(0.3)
        ? random.pick(brokenEncodings)
        : encodeURIComponent(random.pick(addressTexts));
      return `${random.pick(fields)}${random.pick(['=', '=', '[]=', '.a='])}${text}`;
    });
    return requestTo(ground, route, 'query: several', { query: `?${parts.join('&')}` });
  },
};

function withField(ground: Ground, route: Route, field: string, text: string): HostileRequest {
  const query = toQuery({ ...ground.queries[route.name], [field]: text });
  return requestTo(ground, route, `query ${field}`, { query });
}

/**
 * Every id in every path with every text, with what is no encoding, and with what belongs to somebody else.
 */
export const paths: Kind = {
  name: 'path',
  all: (ground) =>
    ground.routes.flatMap((route) =>
      paramsOf(route).flatMap((param) =>
        [
          ...addressTexts.map((text) => encodeURIComponent(text)),
          ...brokenEncodings,
          ...foreignIds(ground, route),
        ].map((text) => withParam(ground, route, param, text)),
      ),
    ),
  draw: (ground, random) => {
    const route = random.pick(ground.routes);
    const params = paramsOf(route);
    // What is there is read, and not deleted: others need it.
    const known = route.method === 'DELETE' ? [] : [random.pick(ownIds(ground))];
    const text = random.pick([...hostileTexts(ground, random), ...known]);
    if (params.length > 0) return withParam(ground, route, random.pick(params), text);
    const target = `${route.path}${random.pick(['/', '//', '/..', '/%2e%2e/', ';a=b', '/%00', '%20', '.json', '/*'])}`;
    return requestTo(ground, route, 'path: beside it', { target });
  },
};

/** What belongs to another tenant; the operator may see it. */
function foreignIds(ground: Ground, route: Route): string[] {
  return route.path.includes('/admin') ? [] : ground.stock.foreign;
}

function ownIds({ stock }: Ground): string[] {
  return [stock.jobId, stock.fileId, stock.batchId, stock.responseId, stock.messageBatchId];
}

function hostileTexts(ground: Ground, random: Random): string[] {
  const id = random.pick(ownIds(ground));
  return [
    encodeURIComponent(random.pick(addressTexts)),
    random.pick(brokenEncodings),
    `${id}${random.pick(['%00', 'x', '%0a', '/', '.', '%20'])}`,
    id.toUpperCase(),
  ];
}

function withParam(ground: Ground, route: Route, param: string, text: string): HostileRequest {
  return requestTo(ground, route, `path :${param}`, { params: { [param]: text } });
}
