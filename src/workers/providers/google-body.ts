import type { GenerateContentParameters } from '@google/genai';

/**
 * The parameters of `models.generateContent` as the body of `POST …:generateContent`
 * (`generateContentParametersToMldev` of SDK 3.3): all of its settings but these are one object.
 */
export function toGoogleBody({ contents, config = {} }: GenerateContentParameters): Record<string, unknown> {
  const {
    systemInstruction,
    tools,
    toolConfig,
    // What only the SDK itself acts on.
    automaticContinuation: _,
    automaticFunctionCalling: __,
    ...generationConfig
  } = config;
  return { contents, systemInstruction, tools, toolConfig, generationConfig };
}
