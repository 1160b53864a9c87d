import { eventsOfItem } from './item-events.ts';
import { type EncoderState, type ResponseEvent, toEvent } from './open-items.ts';
import { passedItemId } from './passed-response.ts';

type Fields = Record<string, unknown>;

/** What begins a response is ours to say, and what ends it follows the settlement of the job behind it. */
const ours = /^(?:response\.(?:created|queued|in_progress|completed|incomplete|failed)|error)$/;

/**
 * Events of the provider's own, under our ids and numbers. What a new attempt takes back is closed as
 * incomplete; its items keep their positions, and those of the new answer come after them.
 */
export function createPassedEvents(state: EncoderState) {
  /** Items that were opened and not closed, by their position. */
  const open = new Map<number, Fields>();
  let before = 0;
  let count = 0;

  function encode(event: Fields): ResponseEvent[] {
    const { type, sequence_number: _, ...fields } = event;
    if (ours.test(String(type))) return [];
    const index = fields['output_index'];
    if (typeof index !== 'number') return [toEvent(state, String(type), fields)];
    const item = fields['item'] as Fields | undefined;
    const position = before + index;
    if (type === 'response.output_item.added') open.set(position, item ?? {});
    if (type === 'response.output_item.done') open.delete(position);
    count = Math.max(count, position + 1);
    const known = item?.['id'] ?? fields['item_id'];
    const id = passedItemId(known, state.responseId, position);
    return [
      toEvent(state, String(type), {
        ...fields,
        output_index: position,
        ...(item === undefined ? {} : { item: { ...item, id } }),
        ...(fields['item_id'] === undefined ? {} : { item_id: id }),
      }),
    ];
  }

  return {
    hasBegun: () => count > before,
    encode,
    takeBack: (): ResponseEvent[] => {
      const closed = [...open].map(([position, item]) => {
        const id = passedItemId(item['id'], state.responseId, position);
        const incomplete = { ...item, id, status: 'incomplete' };
        return toEvent(state, 'response.output_item.done', { output_index: position, item: incomplete });
      });
      open.clear();
      before = count;
      return closed;
    },
    /** Every item at once, for readers who were sent none of them. */
    whole: (output: Fields[]): ResponseEvent[] =>
      output.flatMap((item, index) =>
        eventsOfItem(item, before + index).map(({ type, ...fields }) => toEvent(state, type, fields)),
      ),
  };
}
