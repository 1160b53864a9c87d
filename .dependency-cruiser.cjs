/** Who may import whom. Each rule says why; the test of the architecture asserts that every source file was seen. */
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
      to: { path: '^src/(api|workers|local|main)' },
    },
    {
      name: 'local-is-never-imported',
      comment: 'the stack on one machine and the simulator must never be part of a deployed gateway',
      severity: 'error',
      from: { path: '^src/(api|workers|shared|main)' },
      to: { path: '^src/local' },
    },
    {
      name: 'main-is-a-root',
      comment: 'nobody imports an entry point',
      severity: 'error',
      from: {},
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'domain-is-pure',
      comment:
        'the words must run in a test in a millisecond: no driver, no framework, no clock of their own',
      severity: 'error',
      from: { path: '^src/shared/domain' },
      to: { pathNot: '^(src/shared/(domain|json)|node_modules/uuidv7)' },
    },
    {
      name: 'json-is-pure',
      comment: 'reading and writing text knows nothing of what the text says',
      severity: 'error',
      from: { path: '^src/shared/json' },
      to: { pathNot: '^src/shared/json' },
    },
    {
      name: 'only-sql-talks-to-postgres',
      comment: 'all SQL is found in one folder',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/(shared/sql|local)' },
      to: { path: '^node_modules/(pg|postgres|node-pg-migrate)/' },
    },
    {
      name: 'only-edges-know-bullmq',
      comment: "BullMQ's words stop at the edge: its jobs are our tickets",
      severity: 'error',
      from: {
        path: '^src',
        pathNot:
          '^src/(shared/queue|workers/completions/pool|api/routes/operations/|local/chaos/faults/tickets|local/bench/processes/)',
      },
      to: { path: '^node_modules/bullmq/' },
    },
    {
      name: 'routes-write-through-intake',
      comment: 'a route never opens or settles a hold itself, so that money has one way in',
      severity: 'error',
      from: { path: '^src/api/routes' },
      to: { path: '^src/shared/(ledger|sql/(accept-jobs|settle-jobs))', dependencyTypesNot: ['type-only'] },
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
      comment:
        'an upstream is replaced by replacing one folder; what is tried locally is tried as a client would',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/(workers/providers|local)/' },
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
      from: { path: '^src', pathNot: '^src/local' },
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
