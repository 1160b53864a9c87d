/** About a kilobyte of prompt, as the same work for the gateway and for every baseline. */
const prompt = `Summarise in one line: ${'a job was accepted, priced, held, run and settled; '.repeat(20)}`;

/** What the provider is asked. */
export const chatRequest = {
  model: 'gpt-5-mini',
  messages: [{ role: 'user' as const, content: prompt }],
  max_completion_tokens: 100,
};

export type SubmissionOptions = {
  stream?: boolean;
  priority?: 'interactive' | 'background' | 'batch';
  webhook_url?: string;
};

/** The same as a job of the gateway. */
export function submissionBody(options: SubmissionOptions = {}): string {
  return JSON.stringify({
    request: { ...chatRequest, model: `openai/${chatRequest.model}` },
    ...options,
  });
}
