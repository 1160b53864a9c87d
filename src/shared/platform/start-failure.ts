import { isDatabaseUnavailable } from './postgres/database-errors.ts';

/** EX_CONFIG of sysexits.h: the process was not set up right, and starting it again will not help. */
export const badConfigurationExit = 78;

type Failure = { sentence: string; exitCode: number };
type Facts = { message: string; code: string; address: string; port: number };

/**
 * What an operator can set right, by the code of the error: the variable, what is wrong with it, what to do.
 */
const mistakes: Record<string, (facts: Facts) => string> = {
  EADDRNOTAVAIL: ({ address }) =>
    `HOST: ${address} is no address of this machine; set one that is, or 0.0.0.0`,
  '28P01': ({ message }) => `DATABASE_URL: the server refuses the user or the password (${message})`,
  '28000': ({ message }) => `DATABASE_URL: the server does not let this user in (${message})`,
  '3D000': ({ message }) => `DATABASE_URL: there is no such database on that server (${message}); create it`,
  '42501': lacksRights,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: untrusted,
  CERT_NOT_YET_VALID: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
};

function lacksRights({ message }: Pick<Facts, 'message'>): string {
  return `DATABASE_DIRECT_URL: its user may not do this (${message}); migrations need the owner of the schema, the rest a member of gateway_runtime`;
}

/**
 * The URLs that hosts hand out say `sslmode=require`, which libpq takes to mean encrypted and the driver to
 * mean verified.
 */
function untrusted({ message }: Facts): string {
  return `DATABASE_URL: the certificate of the server is not trusted here (${message}); name the file of its authority with sslrootcert=/path/to/ca.pem in the URL or with NODE_EXTRA_CA_CERTS, or add uselibpqcompat=true to the URL to have sslmode=require encrypt without verifying`;
}

/**
 * Why a process could not start: one sentence for what an operator can do something about. Anything else is a
 * bug, and its stack says where. The exit code says whether starting it again may help.
 */
export function describeStartFailure(error: unknown): Failure {
  const { message = String(error), code = '', stack, ...where } = Object(error) as Partial<Facts & Error>;
  const { address = '', port = 0, syscall = '' } = { ...where } as Partial<Facts> & { syscall?: string };
  if (code === 'EADDRINUSE') {
    // Whoever has it may be about to end.
    const sentence = `PORT: ${port} is taken by another process; set another, or stop that one`;
    return { sentence, exitCode: 1 };
  }
  if (syscall === 'listen' && code === 'EACCES') {
    return mistake(`PORT: ${port} may not be listened on by this user; set one from 1024 on`);
  }
  if (syscall === 'getaddrinfo' && /^(?:ENOTFOUND|EAI_)/.test(code) && !isDatabaseUnavailable(error)) {
    return mistake(`HOST: cannot be found (${message}); set an address of this machine`);
  }
  // The migrator reports the server's error in words of its own, stack and all.
  const [denied] = /permission denied for [^\n]*/.exec(message) ?? [];
  if (denied !== undefined && code === '') return mistake(lacksRights({ message: denied }));
  const describe = mistakes[code];
  if (describe !== undefined) return mistake(describe({ message, code, address, port }));
  if (/server does not support SSL/.test(message)) {
    return mistake(
      'DATABASE_URL: the server speaks no TLS; take sslmode out of the URL, or turn TLS on there',
    );
  }
  if (isDatabaseUnavailable(error)) {
    return { sentence: `DATABASE_URL: the database cannot be reached: ${message}`, exitCode: 1 };
  }
  return { sentence: stack ?? message, exitCode: 1 };
}

function mistake(sentence: string): Failure {
  return { sentence, exitCode: badConfigurationExit };
}
