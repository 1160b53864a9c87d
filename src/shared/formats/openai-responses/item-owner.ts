/** The id of an item that we answered has the id of its response in it. */
const ourId = /^[a-z]+_([0-9a-f]{32})(?:_\d+)*$/;

/** The job that answered an item with this id; null for an id that is not ours. */
export function jobOfItem(id: unknown): string | null {
  const [, suffix] = (typeof id === 'string' ? ourId.exec(id) : null) ?? [];
  return suffix === undefined ? null : `job_${suffix}`;
}
