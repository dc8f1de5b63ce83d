import type { Figure, Table } from '../../pages/index.js';
import type { ExperimentResult } from '../result.js';
import {
  findingPairTable,
  findingTable,
  mainTable,
  operatingTable,
  pairTable,
  shortcutTable,
} from './comparison-tables.js';
import { learningFigures, pretrainingFigure } from './curves.js';
import { forest, modelsAndShortcuts, rocFigures } from './figures.js';
import { dataTable, learningRateTable, pretrainingTable, trainingTable } from './run-tables.js';
import { seedTable } from './seeds.js';

export interface Section {
  id: string;
  heading: string;
  table: Table;
  /** Drawn on demand: Markdown does without. */
  figures: () => Figure[];
}

/** The results in the order in which every format of the report shows them; sections without rows are left out. */
export function sectionsOf(result: ExperimentResult): Section[] {
  const none = () => [];
  const sections: Section[] = [
    { id: 'data', heading: 'Data', table: dataTable(result), figures: none },
    { id: 'mean', heading: 'Mean AUROC', table: mainTable(result), figures: () => [modelsAndShortcuts(result)] },
    { id: 'pairs', heading: 'Pairs', table: pairTable(result), figures: () => [forest(result)] },
    { id: 'seeds', heading: 'Seeds', table: seedTable(result), figures: none },
    { id: 'shortcuts', heading: 'Shortcuts', table: shortcutTable(result), figures: none },
    { id: 'findings', heading: 'Findings', table: findingTable(result), figures: () => rocFigures(result) },
    { id: 'finding-pairs', heading: 'Pairs per finding', table: findingPairTable(result), figures: none },
    { id: 'operating-point', heading: 'Operating point', table: operatingTable(result), figures: none },
    { id: 'training', heading: 'Training', table: trainingTable(result), figures: () => learningFigures(result) },
    { id: 'learning-rates', heading: 'Learning rates', table: learningRateTable(result), figures: none },
    {
      id: 'pretraining',
      heading: 'Pretraining',
      table: pretrainingTable(result),
      figures: () => [pretrainingFigure(result)],
    },
  ];
  return sections.filter(({ table }) => table.groups.some(({ rows }) => rows.length > 0));
}
