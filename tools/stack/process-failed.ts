/** A process of the stack could not be started or did not stay up; the stack ends with the same code. */
export class ProcessFailed extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** EX_CONFIG of sysexits.h, as the gateway itself ends when its configuration is wrong. */
export const badConfigurationExit = 78;
