import type { Delta } from './domain/chat.ts';
export type JobEventWriter = { started(): void; delta(delta: Delta): void; close(): Promise<number> };
export type JobEvents = {
  openWriter(o: {
    jobId: string;
    attempt: number;
    provider: string;
    model: string;
    stream: boolean;
    lastSeq: number;
  }): JobEventWriter;
  announce(jobId: string): void;
  onChange(jobId: string, l: () => void): () => void;
};
export function createJobEvents(_: object): JobEvents {
  return {
    openWriter: (o) => ({ started: () => undefined, delta: () => undefined, close: async () => o.lastSeq }),
    announce: () => undefined,
    onChange: () => () => undefined,
  };
}
