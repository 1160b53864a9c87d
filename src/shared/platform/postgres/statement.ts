import { compile, type Fragment, markFragment } from './sql-template.ts';

/** What a statement gave back, and how many rows it gave or changed. */
export type Answer<Rows> = Rows & { count: number };

/** A statement: run when it is awaited, or put into another one as a part of it. */
export type Statement<Rows> = Promise<Answer<Rows>> & Fragment;

/** Runs SQL written as a tagged template. Values are bound, never pasted; `bigint` columns are BigInt. */
export type Run = <Rows extends object[] = Record<string, unknown>[]>(
  strings: TemplateStringsArray,
  ...values: unknown[]
) => Statement<Rows>;

/** Runs a text with its bound values, over whatever connection. */
export type RunText = (text: string, values?: unknown[]) => Promise<Answer<Record<string, unknown>[]>>;

/** Statements as tagged templates, run by `run` when they are awaited, once each. */
export function statementsOf(run: RunText): Run {
  const template = (strings: TemplateStringsArray, ...values: unknown[]) => {
    let running: Promise<unknown> | null = null;
    const start = () => {
      const { text, values: bound } = compile({ strings, values });
      running ??= run(text, bound);
      return running;
    };
    return markFragment({
      strings,
      values,
      // biome-ignore lint/suspicious/noThenProperty: a statement runs when it is awaited, and only then
      then: (...handlers: Parameters<Promise<unknown>['then']>) => start().then(...handlers),
      catch: (...handlers: Parameters<Promise<unknown>['catch']>) => start().catch(...handlers),
      finally: (...handlers: Parameters<Promise<unknown>['finally']>) => start().finally(...handlers),
      [Symbol.toStringTag]: 'Statement',
    });
  };
  return template as unknown as Run;
}
