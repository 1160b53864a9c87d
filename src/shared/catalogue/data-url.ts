/** An image carried inside a request. */
export type DataUrl = { mediaType: string; base64: string };

/**
 * `data:image/png;base64,…` taken apart, or null when it is not that. The base64 must be whole and canonical
 * (RFC 4648): what a lenient decoder would drop is not what the caller meant to send.
 */
export function parseDataUrl(url: string): DataUrl | null {
  const comma = url.indexOf(',');
  const head = /^data:([a-z]+\/[a-z0-9.+-]+);base64$/i.exec(url.slice(0, Math.max(comma, 0)));
  const base64 = url.slice(comma + 1);
  const isWhole = base64 !== '' && base64.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(base64);
  const mediaType = head?.[1]?.toLowerCase();
  return mediaType !== undefined && isWhole ? { mediaType, base64 } : null;
}
