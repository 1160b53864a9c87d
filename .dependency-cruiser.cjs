/** Who may import whom. Each rule says why. */

/**
 * The rooms of src/shared from the ground up, with what each is for. A room imports those before it and none after it, so
 * that whoever changes one knows who can notice.
 */
const rooms = [
  ['platform', 'connections, configuration, logs and other means that know nothing of jobs'],
  ['chat', 'the canonical request and what a call to a model gives back'],
  ['catalogue', 'which models there are, and what each can do'],
  ['money', 'amounts, prices and the entries of an account'],
  ['accounts', 'who pays, and with which key'],
  ['quoting', 'what a request may cost at most'],
  ['queue', 'tickets, the gate and the fair window'],
  ['webhooks', 'deliveries, endpoints and their secrets'],
  ['jobs', 'the life of a job and its money'],
  ['events', 'what a reader of a job follows'],
  ['formats', "the providers' wire formats, as clients send and read them"],
  ['batches', 'files, lines and the life of a batch'],
  ['validation', 'reading and pricing large bodies off the event loop'],
];

const layers = rooms.map(([room, purpose], index) => ({
  name: `layer-${room}`,
  comment: `${room} is for ${purpose}; what stands on it is not its business`,
  severity: 'error',
  from: { path: `^src/shared/${room}/` },
  to: {
    path: `^src/shared/(${[...rooms.slice(index + 1).map(([name]) => `${name}/`), 'infra\\.ts$'].join('|')})`,
  },
}));

module.exports = {
  forbidden: [
    {
      name: 'api-never-workers',
      comment: 'either side can be deployed, scaled or rewritten alone',
      severity: 'error',
      from: { path: '^src/api' },
      to: { path: '^src/workers' },
    },
    {
      name: 'workers-never-api',
      comment: 'either side can be deployed, scaled or rewritten alone',
      severity: 'error',
      from: { path: '^src/workers' },
      to: { path: '^src/api' },
    },
    {
      name: 'shared-knows-no-side',
      comment: 'arrows point down',
      severity: 'error',
      from: { path: '^src/shared' },
      to: { path: '^src/(api|workers|main)' },
    },
    {
      name: 'product-never-tools',
      comment: 'what doubles, breaks or measures the gateway must never be part of a deployed one',
      severity: 'error',
      from: { path: '^src' },
      to: { path: '^tools' },
    },
    {
      name: 'main-is-a-root',
      comment: 'nobody imports an entry point',
      severity: 'error',
      from: {},
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'rules-are-pure',
      comment: 'a rule must run in a test in a millisecond: no driver, no framework, no clock of its own',
      severity: 'error',
      from: { path: '^src/shared/([^/]+/rules|chat|quoting)/' },
      to: {
        pathNot:
          '^src/shared/([^/]+/rules/|chat/|catalogue/|quoting/|platform/(json/|config/quotas)|(errors|ids)\\.ts$)',
      },
    },
    {
      name: 'json-is-pure',
      comment: 'reading and writing text knows nothing of what the text says',
      severity: 'error',
      from: { path: '^src/shared/platform/json' },
      to: { pathNot: '^src/shared/platform/json' },
    },
    {
      name: 'only-platform-talks-to-postgres',
      comment: 'how a connection behaves is decided in one folder',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/shared/platform/postgres' },
      to: { path: '^node_modules/(pg|postgres)/' },
    },
    ...layers,
    {
      name: 'only-edges-know-bullmq',
      comment: "BullMQ's words stop at the edge: its jobs are our tickets",
      severity: 'error',
      from: {
        path: '^src',
        pathNot: '^src/(shared/queue/queue|workers/completions/pool|api/routes/operations/)',
      },
      to: { path: '^node_modules/bullmq/' },
    },
    {
      name: 'routes-write-through-intake',
      comment: 'a route never opens or settles a hold itself, so that money has one way in',
      severity: 'error',
      from: { path: '^src/api/routes' },
      to: {
        path: '^src/shared/jobs/(ledger|sql/(accept-jobs|settle-jobs))',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'intake-never-http',
      comment:
        'what is accepted is decided from plain values: every surface orders the same way, and a test needs no request',
      severity: 'error',
      from: { path: '^src/api/intake' },
      to: { path: '^(src/api/(http|routes|sync)|node_modules/fastify)/' },
    },
    {
      name: 'only-providers-know-their-sdk',
      comment: 'an upstream is replaced by replacing one folder',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/workers/providers/' },
      to: { path: '^node_modules/(openai|@anthropic-ai/sdk|@google/genai)/' },
    },
    {
      name: 'no-cycles',
      comment: 'data flows one way',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-dev-dependencies-in-the-product',
      comment: 'a deployed gateway is installed without them',
      severity: 'error',
      from: { path: '^src' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    parser: 'swc',
  },
};
