import type { FastifyRequest } from 'fastify';
import { Refusal } from '../../shared/errors.ts';
import type { App } from './app.ts';
import { elsewhereAt } from './elsewhere-paths.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods that routes at this path answer, sorted; none when there is no such path. */
    methodsAt(path: string): string[];
  }
}

/**
 * Notes the routes that are added after it, so that a path with another method is distinguished from no path.
 */
export function noteMethods(app: App): void {
  const paths = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  app.addHook('onRoute', ({ method, url }) => {
    if (url === '*') return;
    const known = paths.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const one of [method].flat()) if (one !== 'OPTIONS') known.methods.add(one);
    paths.set(url, known);
  });
  app.decorate('methodsAt', (path) => {
    const found = [...paths.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  });
}

/** A segment of a route is a text, or the name of anything but a slash; a star takes the rest. */
function patternOf(url: string): RegExp {
  const segments = url.split('/').map((segment) => {
    if (segment.startsWith(':')) return '[^/]+';
    return segment === '*' ? '.*' : segment.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${segments.join('/')}$`);
}

/**
 * The refusal of a request that no route takes: 404 with what to use where others have something there, 405
 * with `Allow` where the path is known, else 404.
 */
export function unknownRoute({ server, url, method }: FastifyRequest): Refusal {
  const [path = ''] = url.split('?');
  const elsewhere = elsewhereAt(path);
  if (elsewhere !== null) return new Refusal('not_found', elsewhere.sentence);
  const allowed = server.methodsAt(path);
  if (allowed.length === 0) {
    return new Refusal('not_found', `There is no ${method} ${path}; the API is at /v1, see /docs`);
  }
  const message = `${method} is not possible here; this path takes ${allowed.join(', ')}`;
  return new Refusal('method_not_allowed', message, { headers: { allow: allowed.join(', ') } });
}
