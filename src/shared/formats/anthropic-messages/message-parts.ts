import type { ExtraContent, Part, TextPart } from '../../chat/chat.ts';
import { withClientPath } from '../../chat/client-path.ts';
import { liftMark } from '../common/extra-content.ts';
import { documentText } from '../common/file-part.ts';
import type { DocumentBlock, ImageBlock, SearchResultBlock, TextBlock } from './message-blocks.ts';

type ShownBlock = TextBlock | ImageBlock | DocumentBlock | SearchResultBlock;

/** A block that says or shows something as parts of ours, each under the path that its client wrote it at. */
export function toParts(block: ShownBlock, path: string): Part[] {
  return partsOf(block).map((part) => withClientPath(part, path));
}

function partsOf(block: ShownBlock): Part[] {
  if (block.type === 'text') return [toTextPart(block)];
  if (block.type === 'image') return [toImagePart(block)];
  if (block.type === 'document') return toDocumentParts(block);
  const found = block.content.map(({ text }) => text).join('\n');
  return [{ ...documentText(found, `${block.title} (${block.source})`), ...marksOf(block) }];
}

export function toTextPart(block: TextBlock): TextPart {
  return { type: 'text', text: block.text, ...marksOf(block) };
}

function toImagePart(block: ImageBlock): Part {
  const { source } = block;
  if (source.type === 'file') throw new Error('a file by its id was refused before');
  const url = source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
  return { type: 'image_url', image_url: { url }, ...marksOf(block) };
}

/** A document that is no PDF is its text, under its title; what is said about it stands before it. */
function toDocumentParts(block: DocumentBlock): Part[] {
  const { source, title, context } = block;
  const about: Part[] = typeof context === 'string' ? [{ type: 'text', text: context }] : [];
  const named = typeof title === 'string' ? { filename: title } : {};
  const marks = marksOf(block);
  switch (source.type) {
    case 'base64': {
      const file_data = `data:${source.media_type};base64,${source.data}`;
      return [...about, { type: 'file', file: { file_data, ...named }, ...marks }];
    }
    case 'url':
      return [...about, { type: 'file', file: { file_url: source.url, ...named }, ...marks }];
    case 'text':
      return [...about, { ...documentText(source.data, title), ...marks }];
    case 'content':
      return typeof source.content === 'string'
        ? [...about, { ...documentText(source.content, title), ...marks }]
        : [...about, ...source.content.flatMap(partsOf)];
    case 'file':
      throw new Error('a file by its id was refused before');
  }
}

/** What only Anthropic understands of a block, or nothing. */
export function marksOf(block: { cache_control?: unknown }): { extra_content?: ExtraContent } {
  const { extra_content } = liftMark({ cache_control: block.cache_control } as {
    cache_control?: unknown;
    extra_content?: ExtraContent;
  });
  return extra_content ? { extra_content } : {};
}
