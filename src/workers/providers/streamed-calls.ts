import type { Delta, ToolCall } from '../../shared/chat/chat.ts';
import { isWholeArguments } from '../../shared/chat/whole-arguments.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { callIdUnless, type ReportedCall } from './openai-tool-call.ts';
import type { OutputLog } from './output-log.ts';
import { isObjectText, toArguments } from './tool-arguments.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

type OpenCall = ReportedCall & {
  ownId: string;
  name: string;
  args: string;
  position: number;
  /** Its id and name went out. */
  isNamed: boolean;
  /** How much of its arguments went out. */
  sent: number;
};

/** Puts the fragments of one choice's tool calls together, and reports them as they come. */
export type StreamedCalls = {
  add(fragment: ReportedCall): void;
  /** Reports what was held back. Of an answer that was cut off, the arguments stay as far as they came. */
  close(isCutOff: boolean): ToolCall[];
};

/**
 * OpenAI numbers its fragments and gives id and name with the first. Others give no id
 * (vllm-project/vllm#18412), the same one with each fragment, a new one with each, index 0 to all calls, no
 * index, or the name in pieces. So a fragment goes on with a call unless something shows that it begins
 * another. `names` are the tools of the request.
 */
export function createStreamedCalls(
  choice: number,
  names: string[],
  log: OutputLog,
  onDelta: (delta: Delta) => void,
): StreamedCalls {
  const calls: OpenCall[] = [];
  const isTool = (name: string) => names.includes(name);
  const isWholeName = (name: string) =>
    isTool(name) && !names.some((other) => other !== name && other.startsWith(name));

  function find({ index, id, name }: ReportedCall): OpenCall | undefined {
    if (index !== null) return calls.findLast((call) => call.index === index);
    const known = calls.find((call) => id !== null && call.id === id);
    return known ?? (id === null || name === null ? calls.at(-1) : undefined);
  }

  function addName(call: OpenCall, piece: string): void {
    if (call.isNamed || call.args !== '' || piece === call.name) return;
    call.name = piece.startsWith(call.name) && isTool(piece) ? piece : call.name + piece;
    if (isWholeName(call.name)) report(call, '');
  }

  function addArguments(call: OpenCall, given: unknown): void {
    if (given === undefined) return;
    const piece = typeof given === 'string' ? given : toArguments(given);
    // Some send the whole call once more at its end.
    if (piece === '' || (piece === call.args && isWholeArguments(call.args))) return;
    call.args += piece;
    log.add(piece);
    if (!call.isCustom && isObjectText(call.args)) report(call, call.args.slice(call.sent));
  }

  function report(call: OpenCall, args: string): void {
    const { ownId, name, isCustom, state } = call;
    const head = { id: ownId, name, ...(isCustom && { custom: true as const }), ...state };
    if (!call.isNamed) log.add(name);
    onDelta({ kind: 'tool_call', choice, index: call.position, ...(!call.isNamed && head), arguments: args });
    call.isNamed = true;
    call.sent += args.length;
  }

  function closeCall(call: OpenCall, isCutOff: boolean): ToolCall {
    if (call.name === '')
      throw new UnreadableAnswer('tool_call', 'the provider sent a tool call without a name');
    const whole = isCutOff || call.sent > 0 ? call.args : toArguments(call.args);
    const args = call.isCustom ? writeJson({ input: call.args }) : whole;
    if (!call.isNamed || args.length > call.sent) report(call, args.slice(call.sent));
    return {
      id: call.ownId,
      type: 'function',
      function: { name: call.name, arguments: args },
      ...(call.isCustom && { custom: true as const }),
      ...call.state,
    };
  }

  return {
    add(fragment) {
      const found = find(fragment);
      const isNew = found === undefined || beginsAnother(found, fragment, isTool);
      const call = isNew ? openCall(calls, fragment) : found;
      if (!isNew) {
        call.id ??= fragment.id;
        call.state = { ...call.state, ...fragment.state };
      }
      if (fragment.name !== null) addName(call, fragment.name);
      addArguments(call, fragment.args);
    },
    close: (isCutOff) => calls.map((call) => closeCall(call, isCutOff)),
  };
}

function openCall(calls: OpenCall[], fragment: ReportedCall): OpenCall {
  const taken = new Set(calls.map((call) => call.ownId));
  const call: OpenCall = {
    ...fragment,
    ownId: callIdUnless(taken, fragment.id),
    name: '',
    args: '',
    position: calls.length,
    isNamed: false,
    sent: 0,
  };
  calls.push(call);
  return call;
}

/** A fragment without a name goes on with its call, whatever id it has. */
function beginsAnother(call: OpenCall, { id, name, args }: ReportedCall, isTool: (name: string) => boolean) {
  if (name === null) return false;
  if (id !== null && call.id !== null && id !== call.id) return true;
  const isOther = name !== call.name;
  if (call.args === '') return isOther && isTool(call.name) && isTool(name);
  if (!isWholeArguments(call.args)) return false;
  return isOther || (args !== undefined && args !== '' && args !== call.args);
}
