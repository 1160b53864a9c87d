import type {
  CacheControlEphemeral,
  DocumentBlockParam,
  ImageBlockParam,
  TextBlockParam,
  ToolResultBlockParam,
} from '@anthropic-ai/sdk/resources/messages';
import { parseDataUrl } from '../../shared/catalogue/data-url.ts';
import type { ExtraContent, FilePart, ImagePart, Message, Part, TextPart } from '../../shared/chat/chat.ts';
import { pickFields } from './read-field.ts';

type Owner = { extra_content?: ExtraContent };
type ShownBlock = TextBlockParam | ImageBlockParam | DocumentBlockParam;

/** Whether a text says something: the API refuses one that is empty, or white space alone. */
const hasWords = (text: string) => text.trim() !== '';

/** Text as blocks; one that says nothing is left out. */
export function textBlocks(content: string | TextPart[] | null | undefined, owner: Owner): TextBlockParam[] {
  if (content === null || content === undefined) return [];
  if (typeof content === 'string') {
    return hasWords(content) ? [{ ...marks(owner.extra_content), type: 'text', text: content }] : [];
  }
  const blocks = content
    .filter((part) => hasWords(part.text))
    .map((part): TextBlockParam => ({ ...marks(part.extra_content), type: 'text', text: part.text }));
  return withMarkOf(owner, blocks);
}

/** What a user, or a tool, says and shows. */
export function shownBlocks(content: string | Part[], owner: Owner): ShownBlock[] {
  if (typeof content === 'string') return textBlocks(content, owner);
  return withMarkOf(
    owner,
    content.flatMap((part): ShownBlock[] => {
      if (part.type === 'image_url') return [imageBlock(part)];
      return part.type === 'file' ? [documentBlock(part)] : textBlocks([part], {});
    }),
  );
}

/** A mark on a whole message stands on its last block, unless that has its own. */
function withMarkOf<Block extends ShownBlock>(owner: Owner, blocks: Block[]): Block[] {
  const last = blocks.length - 1;
  return blocks.map((block, index) => (index === last ? { ...marks(owner.extra_content), ...block } : block));
}

/** A tool's result (SDK 1.14 `ToolResultBlockParam`), which holds images and documents as a turn does. */
export function toResultBlock(message: Extract<Message, { role: 'tool' }>): ToolResultBlockParam {
  return {
    ...pickFields(message.extra_content?.anthropic, ['is_error', 'cache_control']),
    type: 'tool_result',
    tool_use_id: message.tool_call_id,
    content: shownBlocks(message.content, {}),
  };
}

function imageBlock(part: ImagePart): ImageBlockParam {
  const data = parseDataUrl(part.image_url.url);
  if (data === null) {
    const source = { type: 'url' as const, url: part.image_url.url };
    return { ...marks(part.extra_content), type: 'image', source };
  }
  const mediaType = data.mediaType as 'image/png';
  return {
    ...marks(part.extra_content),
    type: 'image',
    source: { type: 'base64', media_type: mediaType, data: data.base64 },
  };
}

function documentBlock({ file, extra_content }: FilePart): DocumentBlockParam {
  const named = { ...marks(extra_content), ...(file.filename && { title: file.filename }) };
  if ('file_url' in file) return { ...named, type: 'document', source: { type: 'url', url: file.file_url } };
  const data = parseDataUrl(file.file_data);
  if (data === null) throw new Error('a document was taken whose data is no base64');
  const source = { type: 'base64' as const, media_type: 'application/pdf' as const, data: data.base64 };
  return { ...named, type: 'document', source };
}

/** Where Anthropic keeps its cache. */
export function marks(extra: ExtraContent | undefined): { cache_control?: CacheControlEphemeral } {
  return pickFields(extra?.anthropic, ['cache_control']);
}
