import type { Prompt } from './prompt.ts';

/**
 * What can go wrong. A three-digit `kind` is an HTTP error status; the others:
 *
 * - `quota`: 429 that means the account is out of money; `code`: any error status with a code (`status`,
 *   default 400).
 * - `slow`: `ms` before the headers. `hang`: silence, before the headers or after `at` chunks. `trickle`:
 *   `ms` between bytes.
 * - `reset`: the socket is destroyed before a byte. `cut`: destroyed after `at` chunks (plain: in the middle
 *   of the body).
 * - `error_in_200`: an error with status 200 and `status` (default 429) as its code, as aggregators answer
 *   (OpenRouter's API reference, "Errors").
 * - `malformed`: broken JSON. `html`: a captive portal's page. `empty`: no choices. `no_finish`: ends without
 *   a finish reason.
 * - `stream_error`: an error event after `at` chunks. `no_usage`, `absurd_usage`: as said. `large`: a body of
 *   `mb` megabytes.
 */
export type Fault = {
  kind: string;
  retryAfter: string | null;
  code: string | null;
  status: number | null;
  at: number;
  ms: number;
  mb: number;
  /** For `absurd_usage`: what is said instead of the completion's tokens. */
  value: unknown;
};

/** A fault for every call that fits, until `count` of them have met it. */
export type FaultRule = {
  fault: Fault;
  provider: string | null;
  model: string | null;
  probability: number;
  left: number;
};

export type FaultStore = {
  add(raw: Record<string, unknown>): FaultRule;
  list(): FaultRule[];
  clear(): void;
  /** The fault this call meets, or null. A marker in the prompt goes before the rules. */
  pick(prompt: Prompt): Fault | null;
};

export function createFaultStore(): FaultStore {
  let rules: FaultRule[] = [];
  const timesMet = new Map<string, number>();

  function fromMarker(prompt: Prompt): Fault | null {
    const match = /\[\[fault:(\S+?)((?: [a-z_-]+=[^\s\]]+)*)\]\]/.exec(prompt.lastUser);
    if (match === null) return null;
    const [, kind, rest = ''] = match;
    const options = Object.fromEntries(rest.split(' ').filter(Boolean).map(splitOption));
    const key = `${prompt.provider} ${prompt.lastUser}`;
    const met = timesMet.get(key) ?? 0;
    if (met >= Number(options['times'] ?? Number.POSITIVE_INFINITY)) return null;
    timesMet.set(key, met + 1);
    return toFault({ ...options, kind });
  }

  function fromRules(prompt: Prompt): Fault | null {
    const rule = rules.find(
      (candidate) =>
        candidate.left > 0 &&
        (candidate.provider === null || candidate.provider === prompt.provider) &&
        (candidate.model === null || candidate.model === prompt.model) &&
        Math.random() < candidate.probability,
    );
    if (rule === undefined) return null;
    rule.left -= 1;
    return rule.fault;
  }

  return {
    add(raw) {
      const rule: FaultRule = {
        fault: toFault(raw),
        provider: typeof raw['provider'] === 'string' ? raw['provider'] : null,
        model: typeof raw['model'] === 'string' ? raw['model'] : null,
        probability: Number(raw['probability'] ?? 1),
        left: Number(raw['count'] ?? Number.POSITIVE_INFINITY),
      };
      rules.push(rule);
      return rule;
    },
    list: () => rules,
    clear() {
      rules = [];
      timesMet.clear();
    },
    pick(prompt) {
      const marked = prompt.lastUser.includes('[[fault:') ? fromMarker(prompt) : null;
      return marked ?? (rules.length > 0 ? fromRules(prompt) : null);
    },
  };
}

function splitOption(option: string): [string, string] {
  const at = option.indexOf('=');
  return [option.slice(0, at).replaceAll('-', '_'), option.slice(at + 1)];
}

function toFault(raw: Record<string, unknown>): Fault {
  const retryAfter = raw['retry_after'];
  return {
    kind: String(raw['kind']),
    retryAfter: retryAfter === undefined || retryAfter === null ? null : String(retryAfter),
    code: typeof raw['code'] === 'string' ? raw['code'] : null,
    status: raw['status'] === undefined ? null : Number(raw['status']),
    at: Number(raw['at'] ?? 2),
    ms: Number(raw['ms'] ?? 1000),
    mb: Number(raw['mb'] ?? 1),
    value: raw['value'] === undefined ? 1e15 : parseValue(raw['value']),
  };
}

function parseValue(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
