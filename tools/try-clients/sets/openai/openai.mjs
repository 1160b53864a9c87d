// OpenAI's own SDK, over chat completions and Responses, to a model of each provider.
import OpenAI from 'openai';
import { at, contains, endScript, models, tryCase } from './support/cases.mjs';

const client = new OpenAI({ apiKey: at.key, baseURL: at.openai });

for (const model of models) {
  await tryCase(`chat ${model}`, async () => {
    const messages = [{ role: 'user', content: 'The word is amber.' }];
    const { choices } = await client.chat.completions.create({ model, messages });
    contains(choices[0].message.content, 'The word is amber.');
  });
}

endScript();
