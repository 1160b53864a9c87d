import type { Choice } from '../../shared/chat/chat.ts';
import { jsonModeTool } from '../../shared/chat/json-mode.ts';
import type { AnswerStage } from './answer-stage.ts';
import { isRecord, parseJson } from './read-field.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

/**
 * JSON mode for a provider without one: the call of the tool that stands for the answer becomes its text, as
 * it comes; where the model was asked in words, its text without fence and preface does. Whatever ends well
 * and is no object is an error: its caller parses it.
 */
export function createJsonAnswer(): AnswerStage {
  const standIns = new Set<number>();
  let text = '';
  return {
    delta(delta, emit) {
      if (delta.kind === 'text') {
        text += delta.text;
        return;
      }
      if (delta.kind === 'tool_call' && delta.name === jsonModeTool) standIns.add(delta.index);
      if (delta.kind !== 'tool_call' || !standIns.has(delta.index)) return emit(delta);
      if (delta.arguments !== '') emit({ kind: 'text', choice: delta.choice, text: delta.arguments });
    },
    finish(choice, emit) {
      const answered = toAnswer(choice);
      if (standIns.size === 0 && text !== '' && answered.message.content) {
        emit({ kind: 'text', choice: choice.index, text: answered.message.content });
      }
      return answered;
    },
  };
}

function toAnswer(choice: Choice): Choice {
  const { tool_calls: calls = [], ...message } = choice.message;
  const standIn = calls.find((call) => call.function.name === jsonModeTool);
  const isCutOff = choice.finish_reason === 'length';
  if (standIn !== undefined) {
    const content = standIn.function.arguments;
    if (!isCutOff) refuseOther(content);
    return { ...choice, message: { ...message, content }, finish_reason: isCutOff ? 'length' : 'stop' };
  }
  if (calls.length > 0 || choice.finish_reason !== 'stop') return choice;
  const content = objectIn(message.content ?? '');
  return { ...choice, message: { ...message, content } };
}

/** The object in a text, without the fence around it and the words before and after. */
function objectIn(text: string): string {
  const fenced = /```(?:json)?\s*\n([\s\S]*?)\n?```/.exec(text)?.[1];
  const bare = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  const found = [text, fenced, bare].find((one) => one !== undefined && isRecord(parseJson(one)));
  if (found === undefined) refuseOther(text);
  return (found ?? text).trim();
}

function refuseOther(text: string): void {
  if (isRecord(parseJson(text))) return;
  throw new UnreadableAnswer('content', 'a JSON object was asked for, and the provider answered with none');
}
