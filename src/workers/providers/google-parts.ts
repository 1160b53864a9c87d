import type { Part } from '@google/genai';
import { parseDataUrl } from '../../shared/catalogue/data-url.ts';
import type { Part as ChatPart, TextPart } from '../../shared/chat/chat.ts';

/** Text as parts; an empty one says nothing. */
export function textParts(content: string | TextPart[] | null | undefined): Part[] {
  if (content === null || content === undefined || content === '') return [];
  if (typeof content === 'string') return [{ text: content }];
  return content.filter((part) => part.text !== '').map((part) => ({ text: part.text }));
}

/** What a user, or a tool, says and shows. */
export function shownParts(content: string | ChatPart[]): Part[] {
  if (typeof content === 'string') return textParts(content);
  return content.flatMap((part) => {
    if (part.type === 'text') return textParts([part]);
    return [inlinePart(part.type === 'image_url' ? part.image_url.url : fileUrl(part.file))];
  });
}

function fileUrl(file: { file_data: string } | { file_url: string }): string {
  return 'file_data' in file ? file.file_data : file.file_url;
}

function inlinePart(url: string): Part {
  const data = parseDataUrl(url);
  if (data === null) throw new Error('Gemini takes images and documents as base64 data URLs only');
  return { inlineData: { mimeType: data.mediaType, data: data.base64 } };
}
