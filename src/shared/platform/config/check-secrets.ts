import { findKeyFault, findPasswordFault, findSecretFault } from './public-secrets.ts';

type Secrets = {
  [name in 'ADMIN_API_KEY' | 'JWT_SECRET' | 'METRICS_TOKEN']?: string | undefined;
} & {
  [name in 'DATABASE_URL' | 'DATABASE_DIRECT_URL' | 'REDIS_URL']?: string | undefined;
} & { SECRETS_KEY?: Buffer | undefined };

/**
 * Which of our own secrets anybody could know or guess, each with what to do. Keys of providers are theirs to
 * check, and the key before this one is let be: turning away from a known key is what it is there for.
 */
export function findPublicSecrets(secrets: Secrets): string[] {
  const faults: [name: string, fault: string | null][] = [
    ...(['ADMIN_API_KEY', 'JWT_SECRET'] as const).map((name): [string, string | null] => [
      name,
      secrets[name] === undefined ? null : findSecretFault(secrets[name]),
    ]),
    ['METRICS_TOKEN', findPasswordFault(secrets.METRICS_TOKEN ?? '')],
    ['SECRETS_KEY', secrets.SECRETS_KEY === undefined ? null : findKeyFault(secrets.SECRETS_KEY)],
    ...(['DATABASE_URL', 'DATABASE_DIRECT_URL', 'REDIS_URL'] as const).map(
      (name): [string, string | null] => [name, findPasswordFault(passwordOf(secrets[name]))],
    ),
  ];
  return faults.flatMap(([name, fault]) =>
    fault === null
      ? []
      : [
          `${name}: got ${fault}; allowed outside development: a random one, such as "openssl rand -hex 32" gives`,
        ],
  );
}

function passwordOf(url: string | undefined): string {
  if (url === undefined || !URL.canParse(url)) return '';
  const { password } = new URL(url);
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}
