/** Whether a text is the whole arguments of a call: an object in JSON, with nothing missing at its end. */
export function isWholeArguments(text: string): boolean {
  if (!text.trimEnd().endsWith('}')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
