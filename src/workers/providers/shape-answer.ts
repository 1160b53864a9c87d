import type { ChatCompletion, Choice, ToolCall } from '../../shared/chat/chat.ts';
import { isJsonMode } from '../../shared/chat/json-mode.ts';
import type { AnswerStage, Emit } from './answer-stage.ts';
import { createJsonAnswer } from './json-answer.ts';
import type { ProviderCall } from './provider.ts';
import { createStopCut } from './stop-cut.ts';

/** What a provider lacks and is brought about in its answer. */
export type Lack = 'json_mode' | 'white_space_stops';

/** The call with the answer on its way to the client, and the whole answer as the client is given it. */
export type ShapedAnswer = { onDelta: Emit; finish<Answered extends Whole>(answered: Answered): Answered };

/** `billed` is the answer as it came, where the client is given another. */
type Whole = { completion: ChatCompletion; billed?: ChatCompletion };

/**
 * What was asked for and a provider does not do by itself: one tool call at a time, a stop at white space, a
 * JSON object, thinking that is not shown. Everything that came is charged, shown or not.
 */
export function shapeAnswer(call: ProviderCall, lacks: readonly Lack[]): ShapedAnswer {
  const stages = listStages(call, lacks);
  if (stages.length === 0) return { onDelta: call.onDelta, finish: (answered) => answered };
  const emitFrom =
    (at: number): Emit =>
    (delta) => {
      const stage = stages[at];
      if (stage !== undefined) stage.delta(delta, emitFrom(at + 1));
      else if (call.stream) call.onDelta(delta);
    };
  return {
    onDelta: emitFrom(0),
    finish(answered) {
      const { completion } = answered;
      const choices = completion.choices.map((given) =>
        stages.reduce((choice, stage, at) => stage.finish(choice, emitFrom(at + 1)), given),
      );
      return { ...answered, completion: { ...completion, choices }, billed: completion };
    },
  };
}

function listStages({ request }: ProviderCall, lacks: readonly Lack[]): AnswerStage[] {
  const { tools = [], stop, parallel_tool_calls, response_format, hide_reasoning } = request;
  const blanks = [stop ?? []].flat().filter((sequence) => sequence !== '' && sequence.trim() === '');
  const custom = tools.filter((tool) => tool.custom !== undefined).map((tool) => tool.function.name);
  return [
    ...(lacks.includes('json_mode') && isJsonMode(response_format) ? [createJsonAnswer()] : []),
    ...(lacks.includes('white_space_stops') && blanks.length > 0 ? [createStopStage(blanks)] : []),
    ...(parallel_tool_calls === false ? [firstCallOnly] : []),
    ...(custom.length > 0 ? [createCustomMarks(custom)] : []),
    ...(hide_reasoning === true ? [withoutReasoning] : []),
  ];
}

const firstCallOnly: AnswerStage = {
  delta(delta, emit) {
    if (delta.kind !== 'tool_call' || delta.index === 0) emit(delta);
  },
  finish: (choice) => withCalls(choice, (calls) => calls.slice(0, 1)),
};

/** What it thought is not shown; what a provider wants back with the next turn stays. */
const withoutReasoning: AnswerStage = {
  delta(delta, emit) {
    if (delta.kind !== 'reasoning') emit(delta);
  },
  finish({ message: { reasoning_content: _, ...message }, ...choice }) {
    return { ...choice, message };
  },
};

/** Calls of functions that stand for custom tools are calls of custom tools. */
function createCustomMarks(names: string[]): AnswerStage {
  return {
    delta(delta, emit) {
      const isCustom = delta.kind === 'tool_call' && delta.name !== undefined && names.includes(delta.name);
      emit(isCustom ? { ...delta, custom: true } : delta);
    },
    finish: (choice) =>
      withCalls(choice, (calls) =>
        calls.map((call) => (names.includes(call.function.name) ? { ...call, custom: true } : call)),
      ),
  };
}

function withCalls(choice: Choice, change: (calls: ToolCall[]) => ToolCall[]): Choice {
  const { tool_calls: calls } = choice.message;
  return calls === undefined
    ? choice
    : { ...choice, message: { ...choice.message, tool_calls: change(calls) } };
}

/** Nothing after the sequence is the client's, calls neither. For a provider with one choice. */
function createStopStage(sequences: string[]): AnswerStage {
  const cut = createStopCut(sequences);
  const emitText = (text: string, choice: number, emit: Emit) => {
    if (text !== '') emit({ kind: 'text', choice, text });
  };
  return {
    delta(delta, emit) {
      if (delta.kind === 'reasoning') return emit(delta);
      if (delta.kind === 'text') {
        const { text, ...rest } = delta;
        const shown = cut.add(text);
        if (shown !== '') emit({ ...rest, text: shown });
        return;
      }
      emitText(cut.rest(), delta.choice, emit);
      if (cut.met() === null) emit(delta);
    },
    finish(choice, emit) {
      emitText(cut.rest(), choice.index, emit);
      const whole = createStopCut(sequences);
      const content = whole.add(choice.message.content ?? '');
      const met = whole.met();
      return met === null ? choice : cutAt(choice, content, met);
    },
  };
}

function cutAt(choice: Choice, content: string, sequence: string): Choice {
  const { tool_calls: _, extra_content: extra, ...message } = choice.message;
  const anthropic = { ...(extra?.anthropic as object | undefined), stop_sequence: sequence };
  return {
    ...choice,
    message: { ...message, content, extra_content: { ...extra, anthropic } },
    finish_reason: 'stop',
  };
}
