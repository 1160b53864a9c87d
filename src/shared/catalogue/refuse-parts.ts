import type { FilePart, ImagePart, Message, Part } from '../chat/chat.ts';
import { clientPathOf } from '../chat/client-path.ts';
import { parseDataUrl } from './data-url.ts';
import type { ModelSupport, Refusal, UpstreamKind } from './refusal.ts';

/** The images and documents in a result of a tool, or a turn of a user, that a provider cannot read. */
export function refuseParts(
  message: Message,
  path: string,
  kind: UpstreamKind,
  supports: ModelSupport,
): Refusal[] {
  if (typeof message.content === 'string' || (message.role !== 'user' && message.role !== 'tool')) return [];
  return message.content.flatMap((part: Part, index) => {
    const problem = problemOf(part, kind, supports);
    const param = clientPathOf(part) ?? `${path}.content.${index}.${part.type}`;
    return problem === null ? [] : [{ param, message: problem }];
  });
}

function problemOf(part: Part, kind: UpstreamKind, supports: ModelSupport): string | null {
  if (part.type === 'text') return null;
  if (part.type === 'file') return fileProblem(part, kind, supports);
  return supports.vision === false ? 'this model does not see images' : imageProblem(part, kind);
}

/** Base64ImageSource of the Anthropic SDK 1.12, Gemini's list of image formats, OpenAI's of vision inputs. */
const imageTypes: Record<UpstreamKind, string[]> = {
  openai: ['image/png', 'image/jpeg', 'image/webp', 'image/gif'],
  compatible: ['image/png', 'image/jpeg', 'image/webp', 'image/gif'],
  anthropic: ['image/png', 'image/jpeg', 'image/webp', 'image/gif'],
  google: ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif'],
};

const isRemote = (url: string) => /^https?:\/\//i.test(url);

function imageProblem({ image_url: { url } }: ImagePart, kind: UpstreamKind): string | null {
  if (isRemote(url)) {
    return kind === 'google'
      ? 'Gemini takes images as base64 data URLs only; the gateway fetches none'
      : null;
  }
  const data = parseDataUrl(url);
  if (data === null) return 'neither an http(s) URL nor a data URL with valid base64';
  return imageTypes[kind].includes(data.mediaType) ? null : `this provider does not read ${data.mediaType}`;
}

/**
 * Who reads a PDF sees it page by page, so that a model without eyes reads none; of a compatible server
 * nobody knows. Anthropic and OpenAI's Responses API fetch one by its URL, Gemini takes its own files only.
 */
function fileProblem({ file }: FilePart, kind: UpstreamKind, supports: ModelSupport): string | null {
  if (kind === 'compatible') return 'this provider is not known to read documents; send the text of it';
  if (supports.vision === false) return 'this model does not read documents; send the text of it';
  if ('file_url' in file) {
    return kind === 'google' ? 'Gemini takes documents as base64 only; the gateway fetches none' : null;
  }
  const data = parseDataUrl(file.file_data);
  if (data === null) return 'is no data URL with valid base64';
  return data.mediaType === 'application/pdf' ? null : `this provider does not read ${data.mediaType}`;
}
