import type { CutRule, Middle } from './cut-rule.ts';

/**
 * The way back of one Postgres connection: the server's answers, and the silence of a cut after the commit.
 */
export type Answers = {
  /** The statement of this rule is about to be sent. */
  expect(rule: CutRule): void;
  isExpecting(): boolean;
  /** A message was sent that the server answers with ReadyForQuery, when it is done with all before it. */
  ask(): void;
  /** A whole message of the server. */
  take(message: Buffer): void;
  /** While the client's next messages must wait, so that nothing but the statement is cut off. */
  isHolding(): boolean;
  /** Lets go of what is kept for a rule that is no longer among the rules. */
  review(): void;
  /** The connection has ended, by this or another cause. */
  stop(): void;
};

/** A statement that is cut off from its answer. */
type Expected = {
  rule: CutRule;
  /** How many ReadyForQuery of this connection come before the one that ends the statement's turn. */
  turn: number;
  /** The end of the turn was asked for: from here on answers are kept, and the client's messages wait. */
  isAsked: boolean;
  /** The server wants the rows of a COPY, which belong to the turn. */
  wantsRows: boolean;
  /** The server undid the turn, so there is no commit to be silent about. */
  isUndone: boolean;
  kept: Buffer[];
};

/**
 * A client may send many queries before it reads an answer, but each Sync and each Query is answered by one
 * ReadyForQuery, in order: counted on both sides, they tell whose answer a message belongs to. Answers are
 * kept from the Sync on and not before, since a client may need the earlier ones to go on, and it is at the
 * Sync that Postgres commits. Inside a transaction nothing is committed yet: its answers go on, and it is the
 * one to the commit that is kept for good.
 *
 * `resume` is called when the client's messages need no longer wait. The count fails after a COPY by the
 * extended protocol, in which the server ignores Syncs.
 */
export function createAnswers(middle: Middle, rules: ReadonlySet<CutRule>, resume: () => void): Answers {
  let asked = 0;
  let answered = 0;
  let expected: Expected | null = null;

  function release({ kept }: Expected): void {
    for (const message of kept.splice(0)) middle.toClient(message);
  }

  /** Without a cut: the rule may meet another statement instead. */
  function giveUp(one: Expected): void {
    expected = null;
    one.rule.left += 1;
    release(one);
    resume();
  }

  function endTurn(one: Expected, isIdle: boolean): void {
    if (!isIdle) {
      release(one);
      Object.assign(one, { turn: asked, isAsked: false, wantsRows: false, isUndone: false });
      resume();
    } else if (one.isUndone) giveUp(one);
    else {
      expected = null;
      one.rule.hits += 1;
      middle.end(one.rule.how);
    }
  }

  function keep(one: Expected, message: Buffer): void {
    const type = typeOf(message);
    one.kept.push(message);
    if (type === 'Z') {
      answered += 1;
      endTurn(one, message[5] === idle);
    } else if (type === 'G') {
      one.wantsRows = true;
      release(one);
      resume();
    }
  }

  return {
    expect(rule) {
      rule.left -= 1;
      expected = { rule, turn: asked, isAsked: false, wantsRows: false, isUndone: false, kept: [] };
    },
    isExpecting: () => expected !== null,
    ask() {
      asked += 1;
      if (expected !== null) expected.isAsked = true;
    },
    take(message) {
      if (expected !== null && answered === expected.turn) {
        expected.isUndone ||= typeOf(message) === 'E' || isRollback(message);
        if (expected.isAsked) return keep(expected, message);
      }
      if (typeOf(message) === 'Z') answered += 1;
      middle.toClient(message);
    },
    isHolding: () => expected?.isAsked === true && !expected.wantsRows,
    review() {
      if (expected !== null && !rules.has(expected.rule)) giveUp(expected);
    },
    stop() {
      if (expected !== null) expected.rule.left += 1;
      expected = null;
    },
  };
}

/** In ReadyForQuery: outside a transaction, so that whatever was asked before is committed or undone. */
const idle = 'I'.charCodeAt(0);

function typeOf(message: Buffer): string {
  return String.fromCharCode(message[0] ?? 0);
}

/** CommandComplete of a ROLLBACK, which is also how a failed transaction answers COMMIT. */
function isRollback(message: Buffer): boolean {
  return typeOf(message) === 'C' && message.toString('latin1', 5, 13) === 'ROLLBACK';
}
