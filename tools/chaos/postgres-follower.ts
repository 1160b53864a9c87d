import { createAnswers } from './answers.ts';
import type { CutRule, Middle } from './cut-rule.ts';
import { createFrameReader } from './postgres-frames.ts';
import { createStatementTexts } from './statement-texts.ts';

/** Stands in the middle of one Postgres connection, and understands what it passes on. */
export type PostgresFollower = {
  fromClient(bytes: Buffer): void;
  fromServer(bytes: Buffer): void;
  /** To be called when a rule was taken back: an answer that was kept for it goes on its way. */
  review(): void;
  /** To be called when the connection has ended. */
  stop(): void;
};

/** In the place of the protocol's version, what the first message of a connection asks for instead. */
const cancelRequest = 80877102;
const encryptionRequests = [80877103, 80877104];

/** The client's messages that are answered with ReadyForQuery: Sync, Query, FunctionCall. */
const asking = ['S', 'Q', 'F'].map((type) => type.charCodeAt(0));

/**
 * Follows one connection and obeys the rules, whose set may change at any time. What the server agrees to
 * encrypt, and what cancels a query, is passed on unread.
 */
export function followPostgres(middle: Middle, rules: ReadonlySet<CutRule>): PostgresFollower {
  const client = createFrameReader();
  const server = createFrameReader();
  const texts = createStatementTexts();
  const answers = createAnswers(middle, rules, readClient);
  let phase: 'startup' | 'negotiating' | 'messages' | 'unread' | 'over' = 'startup';

  function readClient(): void {
    while (phase === 'startup' || (phase === 'messages' && !answers.isHolding())) {
      const message = client.frame(phase === 'startup' ? 0 : 1);
      if (message === null) return;
      if (phase === 'startup') start(message);
      else send(message);
    }
    if (phase === 'unread') middle.toServer(client.rest());
  }

  function start(message: Buffer): void {
    const request = message.length < 8 ? 0 : message.readInt32BE(4);
    if (encryptionRequests.includes(request)) phase = 'negotiating';
    else if (request === cancelRequest) phase = 'unread';
    else {
      phase = 'messages';
      // The end of the authentication is said by a ReadyForQuery that no Sync asked for.
      answers.ask();
    }
    middle.toServer(message);
  }

  function send(message: Buffer): void {
    const text = texts.follow(message);
    const before = text === null ? null : ruleFor('before', text, rules);
    if (before !== null) {
      before.left -= 1;
      before.hits += 1;
      middle.end(before.how);
      return;
    }
    const after = text === null || answers.isExpecting() ? null : ruleFor('after', text, rules);
    if (after !== null) answers.expect(after);
    middle.toServer(message);
    if (asking.includes(message[0] ?? 0)) answers.ask();
  }

  function readServer(): void {
    if (phase === 'negotiating') {
      const verdict = server.take(1);
      if (verdict === null) return;
      phase = verdict.toString() === 'N' ? 'startup' : 'unread';
      middle.toClient(verdict);
      readClient();
    }
    while (phase === 'messages') {
      const message = server.frame(1);
      if (message === null) return;
      answers.take(message);
    }
    if (phase === 'unread') middle.toClient(server.rest());
  }

  return {
    fromClient(bytes) {
      client.push(bytes);
      readClient();
    },
    fromServer(bytes) {
      server.push(bytes);
      readServer();
    },
    review: answers.review,
    stop() {
      phase = 'over';
      answers.stop();
    },
  };
}

function ruleFor(when: CutRule['when'], text: string, rules: ReadonlySet<CutRule>): CutRule | null {
  for (const rule of rules) {
    if (rule.when === when && rule.left > 0 && text.includes(rule.contains)) return rule;
  }
  return null;
}
