import type { Figure, Table } from '../../pages/index.js';
import type { ExperimentResult } from '../result.js';
import { findingPairTable, findingTable, operatingTable, pairTable, shortcutTable } from './comparison-tables.js';
import { learningFigures, pretrainingFigure } from './curves.js';
import { forest, modelsAndShortcuts, rocFigures } from './figures.js';
import { initializationTable, mainTable, overviewTable } from './main-tables.js';
import { dataTable, learningRateTable, pretrainingTable, trainingTable } from './run-tables.js';
import { seedTable } from './seeds.js';

export interface Section {
  id: string;
  heading: string;
  tables: Table[];
  /** Drawn on demand: Markdown does without. */
  figures: () => Figure[];
}

/** The results in the order in which every format of the report shows them; tables without rows, and sections without tables, are left out. */
export function sectionsOf(result: ExperimentResult): Section[] {
  const overview = result.datasets.length > 1 ? [overviewTable(result)] : [];
  const section = (id: string, heading: string, tables: Table[], figures: () => Figure[] = () => []): Section => ({
    id,
    heading,
    tables: tables.filter(({ groups }) => groups.some(({ rows }) => rows.length > 0)),
    figures,
  });
  return [
    section('data', 'Data', [dataTable(result), initializationTable(result)]),
    section('mean', 'Mean AUROC', [...overview, mainTable(result)], () => [modelsAndShortcuts(result)]),
    section('pairs', 'Pairs', [pairTable(result)], () => [forest(result)]),
    section('seeds', 'Seeds', [seedTable(result)]),
    section('shortcuts', 'Shortcuts', [shortcutTable(result)]),
    section('findings', 'Findings', [findingTable(result)], () => rocFigures(result)),
    section('finding-pairs', 'Pairs per finding', [findingPairTable(result)]),
    section('operating-point', 'Operating point', [operatingTable(result)]),
    section('training', 'Training', [trainingTable(result)], () => learningFigures(result)),
    section('learning-rates', 'Learning rates', [learningRateTable(result)]),
    section('pretraining', 'Pretraining', [pretrainingTable(result)], () => [pretrainingFigure(result)]),
  ].filter(({ tables }) => tables.length > 0);
}
