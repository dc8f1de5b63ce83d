import { cell, left, type Table } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { CLAIM } from './claim.js';
import { type ChecklistPart, factsOf } from './facts.js';
import { TRIPOD } from './tripod.js';

const OPEN = 'To be filled in by the authors.';

/** CLAIM 2024: Tejani et al., Radiology: Artificial Intelligence 2024, 6(4):e240300. Topics in our own words. */
export function claimTable(result: ExperimentResult): Table {
  return checklistTable(
    result,
    'Checklist for Artificial Intelligence in Medical Imaging (CLAIM), 2024 update.',
    CLAIM,
  );
}

/** TRIPOD+AI: Collins et al., BMJ 2024, 385:e078378. Topics in our own words. */
export function tripodTable(result: ExperimentResult): Table {
  return checklistTable(result, 'TRIPOD+AI statement for studies of prediction models, 2024.', TRIPOD);
}

function checklistTable(result: ExperimentResult, title: string, parts: readonly ChecklistPart[]): Table {
  const facts = factsOf(result);
  return {
    title,
    columns: [left('Item'), left('Topic'), left('Answer')],
    groups: parts.map(({ heading, items }) => ({
      heading,
      rows: items.map(([number, topic, answer]) => [cell(number), cell(topic), cell(answer?.(facts) ?? OPEN)]),
    })),
    notes: [
      'Topics are named in short; the wording that counts is that of the published checklist. What hilum cannot know is left to the authors.',
    ],
  };
}
