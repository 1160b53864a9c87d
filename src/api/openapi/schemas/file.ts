import { z } from 'zod';
import { pageOf } from '../../http/pages.ts';
import { component } from '../components.ts';

/** The `FileObject` of OpenAI's SDK: the object of `toFileObject`. */
export const fileSchema = component(
  'FileObject',
  z.object({
    id: z.string(),
    object: z.literal('file'),
    bytes: z.int(),
    created_at: z.int().describe('Unix seconds'),
    expires_at: z.int().describe('Unix seconds'),
    filename: z.string(),
    purpose: z.string(),
    status: z.literal('processed'),
    status_details: z.null(),
  }),
);

export const fileListSchema = component('FileObjectList', pageOf(fileSchema));

export const deletedFileSchema = component(
  'DeletedFile',
  z.object({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) }),
);
