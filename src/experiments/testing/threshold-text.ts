import type { ThresholdRule } from '../../evaluation/index.js';

/** How the operating point was chosen, for a sentence: 'the largest Youden index on the validation split'. */
export function thresholdText(rule: ThresholdRule): string {
  if (rule === 'youden') return 'the largest Youden index on the validation split';
  if (rule === 'f1') return 'the largest F1 on the validation split';
  if ('value' in rule) return `the probability ${rule.value}, given`;
  return 'sensitivity' in rule
    ? `the highest with a sensitivity of at least ${rule.sensitivity} on the validation split`
    : `the lowest with a specificity of at least ${rule.specificity} on the validation split`;
}
