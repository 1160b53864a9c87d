/** The media type and the base64 bytes of a `data:` URL, or null when it is a URL of another kind. */
export function readDataUrl(url: string): { mediaType: string; data: string } | null {
  const match = /^data:([\w.+-]+\/[\w.+-]+);base64,/.exec(url);
  return match === null ? null : { mediaType: match[1] ?? '', data: url.slice(match[0].length) };
}
