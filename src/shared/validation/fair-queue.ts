/** Work of many accounts, given out in turns: who brings much waits for his own, not the others for him. */
export class FairQueue<Work> {
  readonly #byAccount = new Map<string, Work[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  sizeOf(accountId: string): number {
    return this.#byAccount.get(accountId)?.length ?? 0;
  }

  add(accountId: string, work: Work): void {
    const waiting = this.#byAccount.get(accountId);
    if (waiting === undefined) this.#byAccount.set(accountId, [work]);
    else waiting.push(work);
    this.#size += 1;
  }

  /**
   * The oldest work of the account whose turn it is. A map keeps the order of its keys: whoever had a turn
   * goes to the end.
   */
  take(): Work | undefined {
    const [next] = this.#byAccount;
    if (next === undefined) return undefined;
    const [accountId, waiting] = next;
    const work = waiting.shift();
    this.#byAccount.delete(accountId);
    if (waiting.length > 0) this.#byAccount.set(accountId, waiting);
    this.#size -= 1;
    return work;
  }
}
