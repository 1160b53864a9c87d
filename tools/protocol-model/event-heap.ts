/** Something that happens at a time; of two at the same time, the one with the lower order goes first. */
type Timed = { atMs: number; submission: number };

export type EventHeap<Event> = { push(event: Event): void; pop(): Event | undefined };

/** A binary heap, earliest first. */
export function createEventHeap<Event extends Timed>(): EventHeap<Event> {
  const events: Event[] = [];
  const isBefore = (a: Event, b: Event) =>
    a.atMs < b.atMs || (a.atMs === b.atMs && a.submission < b.submission);

  function push(event: Event): void {
    let index = events.length;
    events.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = events[parent] as Event;
      if (!isBefore(event, above)) break;
      events[index] = above;
      index = parent;
    }
    events[index] = event;
  }

  function pop(): Event | undefined {
    const first = events[0];
    const last = events.pop();
    if (last !== undefined && events.length > 0) sink(last);
    return first;
  }

  function sink(event: Event): void {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1] as Event, events[child] as Event)) child++;
      if (!isBefore(events[child] as Event, event)) break;
      events[index] = events[child] as Event;
      index = child;
    }
    events[index] = event;
  }

  return { push, pop };
}
