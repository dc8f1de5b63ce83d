import { join } from 'node:path';
import { writeFileAtomic } from '../../base/index.js';
import { assertFinite, type ExperimentResult } from '../result/index.js';
import { csvFiles } from './csv.js';
import { htmlReport } from './html.js';
import { markdownReport } from './markdown.js';
import { writeModelCards } from './model-card.js';

export { comparisonCsv, csvFiles } from './csv.js';
export { htmlReport } from './html.js';
export { markdownReport } from './markdown.js';
export { verdict } from './verdict.js';

export interface ReportPaths {
  html: string;
  markdown: string;
  /** `comparison.csv`, beside which `matrix.csv` and `external.csv` lie where the result has these. */
  csv: string;
}

/**
 * Writes `report.html`, `report.md`, `comparison.csv` and the other files of numbers into a folder, and `MODEL_CARD.md` beside the weights of its runs, each
 * atomically. Throws where the result holds a number that is not finite.
 */
export function writeReport(folder: string, result: ExperimentResult): ReportPaths {
  assertFinite(result);
  const paths = {
    html: join(folder, 'report.html'),
    markdown: join(folder, 'report.md'),
    csv: join(folder, 'comparison.csv'),
  };
  writeFileAtomic(paths.html, htmlReport(result));
  writeFileAtomic(paths.markdown, markdownReport(result));
  for (const { name, text } of csvFiles(result)) writeFileAtomic(join(folder, name), text());
  writeModelCards(folder, result);
  return paths;
}
