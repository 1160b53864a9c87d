import { fromResponse, throwFailure } from './openai-responses-answer.ts';
import { type ItemReport, reportItems } from './openai-responses-pieces.ts';
import { readOpenaiUsage } from './openai-usage.ts';
import { createOutputLog } from './output-log.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';
import { ReportedError } from './reported-error.ts';
import type { Assembler } from './run-call.ts';

/**
 * Assembles the events of a streamed response (`ResponseStreamEvent` of the SDK). Several items may be open
 * at once; each event names its own by `output_index`. Deltas are reported as they come, and what none came
 * for when its item is done. The completion is read from the last event, which has every item whole.
 */
export function createResponsesAssembler(call: ProviderCall): Assembler {
  const log = createOutputLog();
  const report = reportItems(call, log);
  const items = new Map<number, { open: ItemReport; item: unknown }>();
  let response: Record<string, unknown> | null = null;

  function open(index: number, item: unknown): ItemReport {
    const known = items.get(index)?.open;
    const opened = known ?? report.open(item);
    items.set(index, { open: opened, item });
    return opened;
  }

  function end(last: unknown): void {
    if (!isRecord(last)) return;
    // A response that failed may have cost something all the same.
    const usage = readOpenaiUsage(last['usage']);
    if (usage !== null) log.report(usage);
    throwFailure(last);
    for (const [index, item] of readList(last, 'output').entries()) open(index, item).close(item);
    const output = [...items].sort(([a], [b]) => a - b).map(([, { item }]) => item);
    response = { ...last, output };
  }

  return {
    add(event) {
      const type = readText(event, 'type') ?? '';
      const index = Number(readField(event, 'output_index') ?? 0);
      if (type === 'error') throw new ReportedError({ error: event });
      if (endings.has(type)) return end(readField(event, 'response'));
      const item = readField(event, 'item');
      if (type === 'response.output_item.added') open(index, item);
      if (type === 'response.output_item.done') open(index, item).close(item);
      if (type.endsWith('.delta')) items.get(index)?.open.add(type, event);
    },
    produced: log.produced,
    keptBytes: log.keptBytes,
    completed: () => (response === null ? null : fromResponse(response, call)),
  };
}

const endings = new Set(['response.completed', 'response.incomplete', 'response.failed']);
