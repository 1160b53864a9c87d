/**
 * Variables that would make a test or a demo depend on what is set up here; only `start` and `demo -- --real`
 * see them.
 */
const owned =
  /^(DATABASE_|REDIS_|OPENAI_|ANTHROPIC_|GEMINI_|GOOGLE_GEMINI_|JWT_|SIMULATOR|MODELS_FILE|PROVIDERS_FILE|ADMIN_API_KEY|SECRETS_KEY|ENVIRONMENT$|PORT$|HOST$|DATA_DIR$|WEBHOOK_|RATE_LIMIT|QUEUE_DEPTH|WORKER_|LEASE_|CORS_|TRUST_PROXY|BODY_LIMIT|METRICS_|PUBLIC_URL$|LOG_LEVEL$|CONTENT_|SYNC_|SHUTDOWN_|OTEL_|LANGFUSE_|PG[A-Z]+$|GATEWAY_TEST_)/;

/** The environment without them; `env` itself is left as it is. */
export function withoutOwnedVariables(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !owned.test(name)));
}
