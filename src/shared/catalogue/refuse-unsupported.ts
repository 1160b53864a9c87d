export function refuseUnsupported(..._: unknown[]): { param: string; message: string }[] {
  return [];
}
