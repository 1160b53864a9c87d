const lengthMax = 255;

/**
 * Whether a text can be the id of an account: 1 to 255 characters without control characters. It is the
 * subject of an identity provider's tokens, and those put into it what they like: e-mail addresses, paths,
 * names in any script.
 */
export function isAccountId(text: string): boolean {
  if (text === '' || text.length > lengthMax * 2 || [...text].length > lengthMax) return false;
  return !/[\p{Cc}\p{Cs}]/u.test(text);
}
