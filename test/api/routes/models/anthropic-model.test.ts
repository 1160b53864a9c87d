import { expect, test } from 'vitest';
import { toAnthropicModel } from '../../../../src/api/routes/models/anthropic-model.ts';
import { loadCatalogue } from '../../../../src/shared/catalogue/catalogue.ts';

const catalogue = loadCatalogue();
const shown = (name: string) => {
  const model = catalogue.find(name);
  if (model === null) throw new Error(name);
  return toAnthropicModel({ model, simulated: false });
};

/** `ModelInfo` of @anthropic-ai/sdk 1.14.0, `resources/models.d.ts`: none of these is optional. */
const required = [
  'id',
  'capabilities',
  'created_at',
  'deprecated_at',
  'display_name',
  'lifecycle',
  'line',
  'max_input_tokens',
  'max_tokens',
  'retires_at',
  'type',
];
const requiredCapabilities = [
  'batch',
  'citations',
  'code_execution',
  'context_management',
  'effort',
  'image_input',
  'pdf_input',
  'server_tools',
  'structured_outputs',
  'thinking',
];

test('every model has every field of the SDK', () => {
  for (const { id } of catalogue.list()) {
    const model = shown(id);
    expect(Object.keys(model), id).toEqual(expect.arrayContaining(required));
    expect(Object.keys(model.capabilities), id).toEqual(requiredCapabilities);
    expect(model).toMatchObject({ lifecycle: 'active', deprecated_at: null, retires_at: null });
  }
});

test.each([
  ['anthropic/claude-haiku-4-5', 'haiku'],
  ['anthropic/claude-sonnet-4-5', 'sonnet'],
  ['openai/gpt-5-mini', null],
])('%s is of the line %s', (name, line) => {
  expect(shown(name).line).toBe(line);
});

test('limits and what it can do are those of the catalogue', () => {
  expect(shown('openai/gpt-5-mini')).toMatchObject({
    max_tokens: 128_000,
    max_input_tokens: catalogue.find('openai/gpt-5-mini')?.maxInputTokens,
    capabilities: { image_input: { supported: true }, thinking: { supported: true } },
  });
});
