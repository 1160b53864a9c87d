import type { z } from 'zod';
import type { environmentSchema } from './environment-schema.ts';

type Parsed = z.output<typeof environmentSchema>;

/**
 * One upstream the process may call, and what is known of its limits. Absent limits are learned from its
 * answers.
 */
export type ProviderConfig = {
  name: string;
  kind: 'openai' | 'anthropic' | 'google' | 'compatible';
  baseUrl: string;
  apiKey: string | null;
  simulated: boolean;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  maxConcurrency: number | null;
};

const publicBaseUrls = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com',
  google: 'https://generativelanguage.googleapis.com',
};

export function builtInProviders(parsed: Parsed): ProviderConfig[] {
  const simulatorUrl = simulatorAllowed(parsed) ? parsed.SIMULATOR_URL : undefined;
  const geminiKey = parsed.GEMINI_API_KEY ?? parsed.GOOGLE_GEMINI_API_KEY;
  const candidates = [
    {
      name: 'openai' as const,
      prefix: 'OPENAI' as const,
      key: parsed.OPENAI_API_KEY,
      base: parsed.OPENAI_BASE_URL,
    },
    {
      name: 'anthropic' as const,
      prefix: 'ANTHROPIC' as const,
      key: parsed.ANTHROPIC_API_KEY,
      base: parsed.ANTHROPIC_BASE_URL,
    },
    { name: 'google' as const, prefix: 'GEMINI' as const, key: geminiKey, base: parsed.GEMINI_BASE_URL },
  ];
  return candidates.flatMap(({ name, prefix, key, base }) => {
    const real = key !== undefined || base !== undefined;
    if (!real && simulatorUrl === undefined) return [];
    const simulatorBase = name === 'openai' ? `${simulatorUrl}/v1` : `${simulatorUrl}`;
    return [
      {
        name,
        kind: name,
        baseUrl: real ? (base ?? publicBaseUrls[name]) : simulatorBase,
        apiKey: key ?? null,
        simulated: !real,
        requestsPerMinute: parsed[`${prefix}_RPM`] ?? null,
        tokensPerMinute: parsed[`${prefix}_TPM`] ?? null,
        maxConcurrency: parsed[`${prefix}_MAX_CONCURRENCY`] ?? null,
      },
    ];
  });
}

function simulatorAllowed(parsed: Parsed): boolean {
  return parsed.SIMULATOR ?? parsed.ENVIRONMENT === 'development';
}
