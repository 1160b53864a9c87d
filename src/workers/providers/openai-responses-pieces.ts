import { itemGap, messageText, reasoningText, toToolCall } from './openai-responses-output.ts';
import type { OutputLog } from './output-log.ts';
import type { ProviderCall } from './provider.ts';
import { readField, readText } from './read-field.ts';

/** Reports one item of the output while its events come. */
export type ItemReport = {
  /** A piece, by the kind of its event. */
  add(type: string, event: unknown): void;
  /** The whole item: reports what of it was not; the first time only. */
  close(item: unknown): void;
};

/** Opens the items of one response, whose texts and calls count through. */
export type ReportItems = { open(item: unknown): ItemReport };

/** Reports items as deltas of ours, and logs what came out of them. */
export function reportItems(call: ProviderCall, log: OutputLog): ReportItems {
  const isReported = { text: false, reasoning: false };
  let calls = 0;

  /** A text of which the whole is known at the end; a gap parts it from the one before. */
  function openText(kind: 'text' | 'reasoning', wholeOf: (item: unknown) => string): ItemReport {
    const isHidden = kind === 'reasoning' && call.request.hide_reasoning === true;
    let reported = '';
    let part: unknown = 0;
    const push = (piece: string) => {
      if (piece === '') return;
      const text = (reported === '' && isReported[kind] ? itemGap : '') + piece;
      reported += piece;
      isReported[kind] = true;
      log.add(text);
      if (!isHidden) call.onDelta({ kind, choice: 0, text });
    };
    return {
      add(type, event) {
        const piece = readText(event, 'delta') ?? '';
        if (type === 'response.refusal.delta') return log.add(piece);
        // A summary has parts; those of a message are one text.
        const at = readField(event, 'summary_index') ?? 0;
        if (at !== part && reported !== '') push(itemGap);
        part = at;
        push(piece);
      },
      close: (item) => push(restOf(wholeOf(item), reported)),
    };
  }

  function openCall(item: unknown): ItemReport {
    const head = toToolCall(item);
    if (head === null) return ignored;
    const { id, custom, function: given } = head;
    const index = calls++;
    let reported = '';
    let isClosed = false;
    const report = (text: string) => call.onDelta({ kind: 'tool_call', choice: 0, index, arguments: text });
    const push = (piece: string) => {
      if (piece === '') return;
      log.add(piece);
      report(custom === true ? (reported === '' ? inputHead : '') + escaped(piece) : piece);
      reported += piece;
    };
    log.add(given.name);
    call.onDelta({
      kind: 'tool_call',
      choice: 0,
      index,
      id,
      name: given.name,
      ...(custom && { custom }),
      arguments: '',
    });
    return {
      add: (_, event) => push(readText(event, 'delta') ?? ''),
      close(whole) {
        if (isClosed) return;
        isClosed = true;
        push(restOf(rawInput(whole), reported));
        if (custom === true) report((reported === '' ? inputHead : '') + inputTail);
      },
    };
  }

  return {
    open(item) {
      const type = readText(item, 'type');
      if (type === 'message') return openText('text', messageText);
      if (type === 'reasoning') return openText('reasoning', reasoningText);
      return openCall(item);
    },
  };
}

const ignored: ItemReport = { add: () => undefined, close: () => undefined };

/** The free text of a custom tool, as the arguments that it is in our words, piece by piece. */
const inputHead = '{"input":"';
const inputTail = '"}';
const escaped = (text: string) => JSON.stringify(text).slice(1, -1);

function rawInput(item: unknown): string {
  const input = readText(item, 'input');
  return input ?? toToolCall(item)?.function.arguments ?? '';
}

/** What is left of a text, as long as it begins as it was reported. */
function restOf(whole: string, reported: string): string {
  return whole.startsWith(reported) ? whole.slice(reported.length) : '';
}
