export function startDeliveries(_: object): { wake(): void; stop(): Promise<void> } {
  return { wake: () => undefined, stop: async () => undefined };
}
