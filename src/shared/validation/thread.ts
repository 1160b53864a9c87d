import { Worker } from 'node:worker_threads';

/** Work on its way to a thread; `transfer` is moved and not copied. */
export type ThreadWork = { task: unknown; transfer: ArrayBuffer[] };

/** The thread ended before it answered. */
export class ThreadEnded extends Error {
  readonly why: 'memory' | 'time' | 'error';
  constructor(why: ThreadEnded['why'], cause?: unknown) {
    super(`a thread ended before it answered (${why})`, { cause });
    this.why = why;
  }
}

export type ThreadSettings = { entry: URL; workerData: unknown; memoryMebibytes: number; timeoutMs: number };

type Pending = { resolve(answer: unknown): void; reject(error: ThreadEnded): void; timer: NodeJS.Timeout };

/**
 * One thread that does one piece of work at a time. Whatever a piece of work does to it (no memory left, no
 * end), the process goes on: the work is rejected with why, and the next one has a new thread.
 */
export class Thread {
  readonly #settings: ThreadSettings;
  #worker: Worker | null = null;
  #pending: Pending | null = null;

  constructor(settings: ThreadSettings) {
    this.#settings = settings;
  }

  get isBusy(): boolean {
    return this.#pending !== null;
  }

  run({ task, transfer }: ThreadWork): Promise<unknown> {
    const worker = this.#start();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#end(worker, new ThreadEnded('time')), this.#settings.timeoutMs);
      this.#pending = { resolve, reject, timer };
      worker.postMessage(task, transfer);
    });
  }

  async stop(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== null) return this.#worker;
    const { entry, workerData, memoryMebibytes } = this.#settings;
    const worker = new Worker(entry, {
      workerData,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: memoryMebibytes },
    });
    worker.unref();
    worker.on('message', (answer) => this.#settle(({ resolve }) => resolve(answer)));
    worker.on('error', (error: Error & { code?: string }) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.#end(worker, new ThreadEnded(isMemory ? 'memory' : 'error', error));
    });
    worker.on('exit', () => this.#end(worker, new ThreadEnded('error')));
    this.#worker = worker;
    return worker;
  }

  #end(worker: Worker, why: ThreadEnded): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    void worker.terminate();
    this.#settle(({ reject }) => reject(why));
  }

  #settle(settle: (pending: Pending) => void): void {
    const pending = this.#pending;
    if (pending === null) return;
    this.#pending = null;
    clearTimeout(pending.timer);
    settle(pending);
  }
}
