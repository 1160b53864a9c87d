import { type ChatCompletion, responseStatusOf } from '../../chat/chat.ts';
import { Refusal } from '../../errors.ts';
import { responseIdOf } from '../../ids.ts';
import { measureJson, requestLimits } from '../../platform/json/measure-json.ts';
import { readJson } from '../../platform/json/read-json.ts';
import { toOutput } from './output-items.ts';
import { passedOutput } from './passed-response.ts';
import type { InputItem } from './response-items.ts';
import { clientNames } from './response-namespaces.ts';
import { inputItems, type ResponsesBody } from './response-request.ts';
import { offeredTools } from './response-tools.ts';

/** A turn of a conversation as it is stored: what was sent and what came of it, as JSON. */
export type EarlierTurn = { jobId: string; original: string; result: string };

/**
 * What was said in these turns. Throws a Refusal when together they hold more values than one request may.
 */
export function readEarlierItems(turns: EarlierTurn[]): InputItem[] {
  return readTurns(turns, (bound) =>
    refuseEarlier(
      'too_large',
      `the conversation holds more than ${bound} JSON values; send what it needs of them as input`,
    ),
  );
}

/** The items of turns, in order; throws what `tooMuch` makes of the bound when they hold too many values. */
export function readTurns(turns: EarlierTurn[], tooMuch: (bound: string) => Refusal): InputItem[] {
  let valuesLeft = requestLimits.valuesMax;
  return turns.flatMap((turn) => {
    for (const text of [turn.original, turn.result]) {
      // An answer may have longer lists than a request: its probabilities.
      const limits = { valuesMax: valuesLeft, membersMax: Number.POSITIVE_INFINITY };
      valuesLeft -= measureJson(Buffer.from(text), limits).values;
      if (valuesLeft < 0) throw tooMuch(requestLimits.valuesMax.toLocaleString('en-US'));
    }
    return itemsOf(turn);
  });
}

/** The items of one turn: what was sent, and what came of it. */
export function itemsOf(turn: EarlierTurn): InputItem[] {
  const completion = readJson(turn.result) as ChatCompletion;
  const body = readJson(turn.original) as ResponsesBody;
  const id = responseIdOf(turn.jobId);
  const { pass_through: passed } = completion;
  const output =
    passed?.dialect === 'responses'
      ? passedOutput(passed.body, id)
      : toOutput(
          completion,
          id,
          responseStatusOf(completion),
          clientNames(offeredTools(body.tools ?? [], inputItems(body))),
        );
  return [...inputItems(body), ...(output as InputItem[])];
}

/** Why a response cannot go on from the one it names. */
export function refuseEarlier(type: 'not_found' | 'invalid_state' | 'too_large', message: string): Refusal {
  return new Refusal(type, `previous_response_id: ${message}`, { param: 'previous_response_id' });
}
