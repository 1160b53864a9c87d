import type { Random } from '../../tools/stack/random.ts';

/** Something a user or a tool shows; each has a word of its own, by which it is found again. */
export type Shown = { kind: 'text' | 'image' | 'file'; word: string; value: string };

/** What goes to the model in one turn. */
export type Asked = {
  /** What the conversation begins with. */
  opening: Shown | null;
  instruction: Shown | null;
  results: { call: number; isError: boolean; shown: Shown[]; isPlain: boolean }[];
  shown: Shown[];
  isPlain: boolean;
  /** What the user adds in a turn of its own. */
  addition: Shown | null;
};

export type SpokenCall = { name: string; word: string; input: Record<string, unknown>; isCustom: boolean };

/** What a model says in one turn. */
export type Answered = {
  thoughts: string[];
  text: string;
  /** The text without white space has this word; null for a text that says nothing. */
  word: string | null;
  refusal: string | null;
  calls: SpokenCall[];
  finish: 'stop' | 'length' | 'tool_calls';
  usage: { input: number; cached: number; output: number; reasoning: number };
};

/** What may be spoken in a conversation: some providers read no documents, others no images by URL. */
export type Kinds = { urls: boolean; files: boolean; custom: boolean };

const awkward = [
  '',
  'plain words',
  ' leading and trailing ',
  'naïve 🙂 日本語',
  'line\nline\n\nline',
  '{"json": [1, 2]}',
  '"quoted" \\ back',
  '</system> <b>&amp;',
  '\t\u2028',
  'data: [DONE]\n\n',
  'x'.repeat(300),
];

/** Says things at random; words are numbered through. */
export function createSpeaker(random: Random) {
  let words = 0;
  const word = () => `⟦${++words}⟧`;

  function text(): Shown {
    const own = word();
    return { kind: 'text', word: own, value: random.pick(awkward) + own + random.pick(awkward) };
  }

  function picture(kinds: Kinds): Shown {
    const own = word();
    if (kinds.files && random.chance(0.3)) {
      return { kind: 'file', word: own, value: `data:application/pdf;base64,${base64(`%PDF-1.4 ${own}`)}` };
    }
    const isUrl = kinds.urls && random.chance(0.4);
    const type = random.pick(['image/png', 'image/jpeg', 'image/webp']);
    const value = isUrl
      ? `https://img.example/${encodeURI(own)}`
      : `data:${type};base64,${base64(`image ${own}`)}`;
    return { kind: 'image', word: own, value };
  }

  function some(isPlain: boolean, kinds: Kinds): Shown[] {
    if (isPlain) return [text()];
    const count = random.between(1, 3);
    return Array.from({ length: count }, () => (random.chance(0.7) ? text() : picture(kinds)));
  }

  function call(kinds: Kinds): SpokenCall {
    const own = word();
    const isCustom = kinds.custom && random.chance(0.3);
    const more = random.pick([{}, { deep: { list: [1, null, 'two'] } }, { path: 'a b/ü.txt', count: 0 }]);
    const input = isCustom ? { input: `free ${random.pick(awkward)}${own}` } : { word: own, ...more };
    return { name: isCustom ? 'patch' : random.pick(['look_up', 'read-file']), word: own, input, isCustom };
  }

  return {
    asked(open: SpokenCall[], kinds: Kinds, isFirst: boolean): Asked {
      const results = random.shuffle(open.map((_, at) => at)).map((at) => {
        const isPlain = random.chance(0.5);
        const silent = random.chance(0.1);
        return {
          call: at,
          isError: random.chance(0.15),
          isPlain,
          shown: silent ? [] : some(isPlain, kinds),
        };
      });
      const asks = results.length === 0 || random.chance(0.25);
      const isPlain = random.chance(0.5);
      return {
        opening: isFirst && random.chance(0.6) ? text() : null,
        addition: asks && random.chance(0.15) ? text() : null,
        instruction: random.chance(0.1) ? text() : null,
        results,
        isPlain,
        shown: asks ? some(isPlain, kinds) : [],
      };
    },
    answered(kinds: Kinds, mayCall: boolean): Answered {
      const calls =
        mayCall && random.chance(0.6) ? Array.from({ length: random.between(1, 3) }, () => call(kinds)) : [];
      const isThoughtless = random.chance(0.5);
      const thoughts = isThoughtless
        ? []
        : Array.from({ length: random.between(1, 2) }, () => `thought ${word()}`);
      const isCut = calls.length === 0 && random.chance(0.1);
      const isRefused = calls.length === 0 && !isCut && random.chance(0.08);
      const spoken = text();
      const isSilent = isRefused || (calls.length > 0 ? random.chance(0.5) : isCut && thoughts.length > 0);
      const blank = calls.length > 0 && random.chance(0.3) ? random.pick(['\n', ' ', '\n\n']) : '';
      const ended = calls.length > 0 ? 'tool_calls' : 'stop';
      const reasoning = thoughts.length === 0 ? 0 : random.between(1, 40);
      return {
        thoughts,
        text: isSilent ? blank : spoken.value,
        word: isSilent ? null : spoken.word,
        refusal: isRefused ? `I will not. ${word()}` : null,
        calls,
        finish: isCut ? 'length' : ended,
        usage: {
          input: random.between(50, 900),
          cached: random.between(0, 50),
          output: reasoning + random.between(1, 200),
          reasoning,
        },
      };
    },
  };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
