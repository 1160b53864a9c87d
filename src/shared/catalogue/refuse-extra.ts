import type { ExtraContent, Message, Tool } from '../chat/chat.ts';
import { clientPathOf } from '../chat/client-path.ts';
import type { Refusal, UpstreamKind } from './refusal.ts';

/**
 * What is only a provider's memory of its own turn, or a hint that changes no answer. It means nothing to
 * another provider and is dropped on the way there; anything else in `extra_content` asks for something, and
 * must not vanish.
 */
const droppedFields: Record<keyof ExtraContent, string[]> = {
  // That a tool failed is in the text of its result where a provider has no field for it.
  anthropic: ['content', 'stop_sequence', 'cache_control', 'is_error'],
  google: ['thought_signature'],
  openai: [
    'reasoning_content',
    'reasoning',
    'reasoning_details',
    'reasoning_items',
    'phase',
    'extra_content',
    'cache_control',
  ],
};

type Carrier = Message | Tool;

/**
 * Blocks in `extra_content` that are for another provider and are more than its state and hints, by field
 * path.
 */
export function refuseExtra(carrier: Carrier, path: string, kind: UpstreamKind): Refusal[] {
  const owner = kind === 'compatible' ? 'openai' : kind;
  return extrasOf(carrier, path).flatMap(({ at, extra }) =>
    Object.entries(extra)
      .filter(([name]) => name !== owner)
      .filter(([name, blocks]) => !mayBeDropped(name, blocks))
      .map(([name]) => ({ param: `${at}.extra_content.${name}`, message: `${kind} cannot honour it` })),
  );
}

function mayBeDropped(name: string, blocks: unknown): boolean {
  if (blocks === undefined || blocks === null) return true;
  const fields = droppedFields[name as keyof ExtraContent] ?? [];
  return typeof blocks === 'object' && Object.keys(blocks).every((field) => fields.includes(field));
}

type FoundExtra = { at: string; extra: ExtraContent };

function extrasOf(carrier: Carrier, path: string): FoundExtra[] {
  const found: FoundExtra[] = [];
  const add = (at: string, owner: { extra_content?: ExtraContent }) => {
    if (owner.extra_content === undefined) return;
    found.push({ at: clientPathOf(owner) ?? at, extra: owner.extra_content });
  };
  add(path, carrier);
  if (!('role' in carrier)) return found;
  if (Array.isArray(carrier.content)) {
    for (const [index, part] of carrier.content.entries()) add(`${path}.content.${index}`, part);
  }
  if (carrier.role === 'assistant') {
    for (const [index, call] of (carrier.tool_calls ?? []).entries())
      add(`${path}.tool_calls.${index}`, call);
  }
  return found;
}
