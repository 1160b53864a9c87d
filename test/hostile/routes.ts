import type { App } from '../../src/api/http/app.ts';

/** A JSON schema, as far as it is read here. */
export type JsonSchema = {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  minItems?: number;
  format?: string;
};

export type Route = {
  /** `METHOD path`, with `:names` in the path, as the server lists it. */
  name: string;
  method: string;
  path: string;
  /** Names of the query it documents. */
  query: string[];
  /** Of its body, when it documents one. */
  body: JsonSchema | null;
};

type Operation = {
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema?: JsonSchema }> };
};
export type OpenApi = {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, JsonSchema> };
};

/** Every route of a server: the real ones, with what the document says of those it describes. */
export function listRoutes(app: Pick<App, 'printRoutes'>, document: OpenApi): Route[] {
  return readTree(app.printRoutes({ commonPrefix: false })).map(({ method, path }) => {
    const described = document.paths[toDocumented(path)]?.[method.toLowerCase()];
    // Forms have a kind of their own.
    const content = described?.requestBody?.content['application/json'];
    return {
      name: `${method} ${path}`,
      method,
      path,
      query: (described?.parameters ?? []).filter((one) => one.in === 'query').map((one) => one.name),
      body: content?.schema === undefined ? null : resolve(content.schema, document),
    };
  });
}

/**
 * A schema with what it refers to by name in its place, as deep as a sample goes. What it excludes is left
 * out: samples are made of what it has.
 */
function resolve(schema: JsonSchema, document: OpenApi, depth = 0): JsonSchema {
  const text = JSON.stringify(schema, (name, value: unknown) => {
    if (name === 'not') return undefined;
    const reference = (value as { $ref?: unknown } | null)?.$ref;
    if (typeof reference !== 'string') return value;
    if (depth > 8) return {};
    const named = document.components?.schemas?.[reference.slice('#/components/schemas/'.length)];
    return named === undefined ? {} : resolve(named, document, depth + 1);
  });
  return JSON.parse(text) as JsonSchema;
}

/** Those a document describes and the server does not have. */
export function missingRoutes(routes: Route[], document: OpenApi): string[] {
  const known = new Set(routes.map(({ method, path }) => `${method} ${toDocumented(path)}`));
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .map((method) => `${method.toUpperCase()} ${path}`)
      .filter((name) => !known.has(name)),
  );
}

const toDocumented = (path: string) => path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{model}');

/**
 * Fastify prints its routes as a tree: each line is what its place in the tree adds to the path of its
 * parent.
 */
function readTree(text: string): { method: string; path: string }[] {
  const parents: string[] = [];
  return text.split('\n').flatMap((line) => {
    const [, branch = '', part = '', methods = ''] = /^([│├└─ ]*)(\S.*?) \(([A-Z, ]+)\)$/u.exec(line) ?? [];
    if (methods === '') return [];
    const depth = branch.length / 4;
    const path = `${parents[depth - 2] ?? ''}${part}`;
    parents[depth - 1] = path;
    // Fastify leaves out the slash before a star.
    const whole = path.replace(/([^/])\*$/, '$1/*');
    return methods.split(', ').map((method) => ({ method, path: whole }));
  });
}
