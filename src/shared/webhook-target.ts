export function checkWebhookUrl(_: string, __: { allowPrivate: boolean }): { message: string } | null {
  return null;
}
