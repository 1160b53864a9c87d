/** The headers of an answer, by their names in small letters; null for one that did not come. */
export type AnswerHeaders = { get(name: string): string | null };

/** As undici gives them: a header that came several times as a list (RFC 9110, 5.3). */
export function toAnswerHeaders(headers: Record<string, string | string[] | undefined>): AnswerHeaders {
  return {
    get(name) {
      const value = headers[name];
      if (value === undefined) return null;
      return typeof value === 'string' ? value : value.join(', ');
    },
  };
}
