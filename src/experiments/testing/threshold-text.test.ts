import { expect, it } from 'vitest';
import { thresholdText } from './threshold-text.js';

it('names the rule, its share and where it was chosen', () => {
  expect(thresholdText('youden')).toBe('the largest Youden index on the validation split');
  expect(thresholdText('f1')).toBe('the largest F1 on the validation split');
  expect(thresholdText({ sensitivity: 0.9 })).toContain('highest with a sensitivity of at least 0.9 on the validation');
  expect(thresholdText({ specificity: 0.8 })).toContain('lowest with a specificity of at least 0.8 on the validation');
  expect(thresholdText({ value: 0.5 })).toBe('the probability 0.5, given');
});
