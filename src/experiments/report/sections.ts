import type { Figure, Table } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { calibrationTable, meansTable } from './calibration.js';
import { claimTable, tripodTable } from './checklists.js';
import { findingPairTable, findingTable, operatingTable, pairTable, shortcutTable } from './comparison-tables.js';
import { learningFigures, pretrainingFigure } from './curves.js';
import { datasetTable, dataTable } from './data-tables.js';
import { externalFigure, externalPairTable, externalTable } from './external.js';
import { forest, modelsAndShortcuts } from './figures.js';
import { precisionRecallFigures, reliabilityFigures, rocFigures } from './grids.js';
import { initializationTable, mainTable, overviewTable } from './main-tables.js';
import { matrixFigures, matrixPairTable, matrixTable, rankTable, settingPairTable } from './matrix.js';
import { degradedFigure, degradedTable, matchedTable } from './robustness.js';
import { learningRateTable, pretrainingTable, trainingTable } from './run-tables.js';
import { seedTable } from './seeds.js';
import { ofTrained } from './select.js';
import { settingsTable } from './settings.js';
import { confoundingTable, gapTable, subgroupFigure, subgroupTable } from './subgroups.js';

export interface Section {
  id: string;
  heading: string;
  tables: Table[];
  /** Drawn on demand: Markdown does without. */
  figures: () => Figure[];
}

/** The results in the order in which every format of the report shows them; tables without rows, and sections without tables, are left out. */
export function sectionsOf(whole: ExperimentResult): Section[] {
  const result = ofTrained(whole);
  const overview = result.datasets.length > 1 ? [overviewTable(result)] : [];
  const datasets = whole.datasets.length > 1 ? [datasetTable(whole)] : [];
  const section = (id: string, heading: string, tables: Table[], figures: () => Figure[] = () => []): Section => ({
    id,
    heading,
    tables: tables.filter(({ groups }) => groups.some(({ rows }) => rows.length > 0)),
    figures,
  });
  return [
    section('data', 'Data', [...datasets, dataTable(whole), initializationTable(result)]),
    section('mean', 'Mean AUROC', [...overview, mainTable(result)], () => [modelsAndShortcuts(result)]),
    section('pairs', 'Pairs', [pairTable(result), meansTable(result)], () => [forest(result)]),
    section(
      'matrix',
      'Image size, labels and tuning',
      [rankTable(result), matrixTable(result), matrixPairTable(result), settingPairTable(result)],
      () => matrixFigures(result),
    ),
    section('seeds', 'Seeds', [seedTable(result)]),
    section('shortcuts', 'Shortcuts', [shortcutTable(result)]),
    section('degraded', 'Degraded images', [degradedTable(result)], () => [degradedFigure(result)]),
    section('matched', 'Matched comparison', [matchedTable(result)]),
    section('subgroups', 'Subgroups', [subgroupTable(result), gapTable(result), confoundingTable(result)], () => [
      subgroupFigure(result),
    ]),
    section('external', 'External validation', [externalTable(result), externalPairTable(result)], () => [
      externalFigure(result),
    ]),
    section('findings', 'Findings', [findingTable(result)], () => [
      ...rocFigures(result),
      ...precisionRecallFigures(result),
    ]),
    section('finding-pairs', 'Pairs per finding', [findingPairTable(result)]),
    section('operating-point', 'Operating point', [operatingTable(result)]),
    section('calibration', 'Calibration', [calibrationTable(result)], () => reliabilityFigures(result)),
    section('training', 'Training', [trainingTable(result)], () => learningFigures(result)),
    section('learning-rates', 'Learning rates', [learningRateTable(result)]),
    section('pretraining', 'Pretraining', [pretrainingTable(result)], () => [pretrainingFigure(result)]),
    section('settings', 'Settings', [settingsTable(result)]),
    section('checklists', 'Checklists', [claimTable(result), tripodTable(result)]),
  ].filter(({ tables }) => tables.length > 0);
}
