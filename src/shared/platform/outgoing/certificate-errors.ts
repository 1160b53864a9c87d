/** What Node says of a certificate that it will not trust. */
const codes = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_UNTRUSTED',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * Whether a connection failed because the other side's certificate could not be trusted: nothing to be waited
 * for.
 */
export function isCertificateError(error: unknown): boolean {
  return codes.has(String((error as { code?: unknown } | null)?.code));
}
