import { metadataPairsMax } from '../../shared/formats/common/metadata-schema.ts';

/**
 * The metadata of an earlier submission, which is repeated, and its id beside them where a pair is left for
 * it.
 */
export function retryMetadata(id: string, metadata: Record<string, string>): Record<string, string> {
  const linked = { ...metadata, retry_of: id };
  return Object.keys(linked).length > metadataPairsMax ? metadata : linked;
}
