import { cell, compact, left, type Table } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';

const PARTS = { model: 'Network', preprocessing: 'Preprocessing', finetuning: 'Fine-tuning', statistics: 'Statistics' };

/** Every setting of network, preprocessing, fine-tuning and statistics as it was used, whatever keys there are. */
export function settingsTable({ configuration }: ExperimentResult): Table {
  const settings = (typeof configuration === 'object' ? configuration : null) as Record<string, unknown> | null;
  const single = ['seed', 'device', 'precision'].filter((key) => settings?.[key] !== undefined);
  return {
    title: 'Settings, with every default filled in.',
    columns: [left('Setting'), left('Value')],
    groups: [
      { heading: 'Experiment', rows: single.map((key) => [cell(key), cell(valueText(settings![key]))]) },
      ...Object.entries(PARTS).map(([part, heading]) => ({ heading, rows: rowsOf(settings?.[part]) })),
    ].filter(({ rows }) => rows.length > 0),
    notes: [],
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function rowsOf(settings: unknown, path = ''): Table['groups'][number]['rows'] {
  if (!isRecord(settings)) return [];
  return Object.entries(settings).flatMap(([key, value]) =>
    isRecord(value) ? rowsOf(value, `${path}${key}.`) : [[cell(`${path}${key}`), cell(valueText(value))]],
  );
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  if (value === null) return 'none';
  return typeof value === 'number' ? compact(value) : typeof value === 'string' ? value : JSON.stringify(value);
}
