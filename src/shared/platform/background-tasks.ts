/** What is still to be done when its caller has been answered or has left. */
export class BackgroundTasks {
  readonly #open = new Set<Promise<unknown>>();

  /** Lets it be done; a failure says nothing to anybody. */
  track(task: Promise<unknown>): void {
    const done = task.catch(() => undefined).finally(() => this.#open.delete(done));
    this.#open.add(done);
  }

  /** Resolves when all are done: who closes waits for it before connections are given up. */
  async drained(): Promise<void> {
    await Promise.all(this.#open);
  }
}
