import { cell, left, type Table } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { CLAIM } from './claim.js';
import { type ChecklistPart, factsOf } from './facts.js';
import { TRIPOD } from './tripod.js';

const OPEN = 'To be filled in by the authors.';

/** CLAIM, 2024 update, which replaces the 42 items of 2020. */
export function claimTable(result: ExperimentResult): Table {
  return checklistTable(
    result,
    'Checklist for Artificial Intelligence in Medical Imaging (CLAIM), 2024 update.',
    CLAIM,
    'Numbers as in Tejani et al., Radiology: Artificial Intelligence 2024, 6(4):e240300 (44 items); not those of 2020.',
  );
}

/** TRIPOD+AI, which replaces TRIPOD 2015. */
export function tripodTable(result: ExperimentResult): Table {
  return checklistTable(
    result,
    'TRIPOD+AI statement for studies of prediction models, 2024.',
    TRIPOD,
    'Numbers as in Collins et al., BMJ 2024, 385:e078378 (27 items, 52 with sub-items).',
  );
}

function checklistTable(
  result: ExperimentResult,
  title: string,
  parts: readonly ChecklistPart[],
  source: string,
): Table {
  const facts = factsOf(result);
  return {
    title,
    columns: [left('Item'), left('Topic'), left('Answer')],
    groups: parts.map(({ heading, items }) => ({
      heading,
      rows: items.map(([number, topic, answer]) => [cell(number), cell(topic), cell(answer?.(facts) ?? OPEN)]),
    })),
    notes: [
      `${source} Item names are abridged: check against the publication, whose wording counts.`,
      'Journals also ask for the page of every item. What hilum cannot know is left to the authors.',
    ],
  };
}
