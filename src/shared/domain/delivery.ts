export function webhookEvent(o: {
  eventId: string;
  type: string;
  createdAt: Date;
  job: object;
  payload: string;
}): { body: string } {
  return { body: JSON.stringify(o) };
}
