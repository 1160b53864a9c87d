import { startSimulator } from './server.ts';

const { env } = process;

const simulator = await startSimulator({
  port: Number(env['SIMULATOR_PORT'] ?? 0),
  host: env['SIMULATOR_HOST'] ?? '127.0.0.1',
  latencyMs: Number(env['SIMULATOR_LATENCY_MS'] ?? 0),
  chunkDelayMs: Number(env['SIMULATOR_CHUNK_DELAY_MS'] ?? 0),
  meterFile: env['SIMULATOR_METER_FILE'] || null,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void simulator.close().then(() => process.exit(0));
  });
}

console.log(`ready ${simulator.url}`);
