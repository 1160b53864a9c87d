import type { StoredFile } from '../../../shared/batches/sql/files.ts';

/** The `FileObject` of OpenAI's SDK (6.49). */
export function toFileObject(file: StoredFile) {
  return {
    id: file.id,
    object: 'file' as const,
    bytes: Number(file.bytes),
    created_at: Math.floor(file.createdAt.getTime() / 1000),
    expires_at: Math.floor(file.expiresAt.getTime() / 1000),
    filename: file.filename,
    purpose: file.purpose,
    status: 'processed' as const,
    status_details: null,
  };
}
