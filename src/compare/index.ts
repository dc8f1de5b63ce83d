export { ALTERNATIVES, type Alternative, type CompareOptions, compareModels } from './compare.js';
export { comparisonPage, writeComparison } from './page.js';
export type { ComparedModel, FindingComparison, ModelComparison, NumberWithInterval } from './result.js';
export { comparisonCsv, comparisonTable } from './tables.js';
export { type RequiredTestSet, requiredTestSet, type TestSetQuestion } from './test-size.js';
