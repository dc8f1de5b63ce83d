import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readPredictions } from '../finetuning/predictions.js';
import { csvLine } from '../report/csv-rows.js';
import type { ExperimentResult } from '../result/index.js';

/**
 * Writes the predictions of all runs as one CSV: data set, initialization and seeds of the run, setting or fold where there are any, then as in its own
 * `predictions.csv`. The columns are those of all findings of the experiment; what a data set lacks is blank. Holds one run in
 * memory at a time.
 * @returns the runs whose predictions are not in the folder
 */
export function writeAllPredictions(path: string, folder: string, result: ExperimentResult): string[] {
  const findings = [...new Set(result.datasets.flatMap((dataset) => dataset.findings))];
  const missing: string[] = [];
  const unfinished = `${path}.part`;
  const file = openSync(unfinished, 'w');
  try {
    writeSync(
      file,
      csvLine([
        'dataset',
        'initialization',
        'pretrainingSeed',
        'seed',
        ...(result.matrix ? ['setting'] : []),
        ...(result.crossValidation ? ['fold'] : []),
        'split',
        'id',
        'patient',
        ...findings.flatMap((finding) => [`label ${finding}`, `probability ${finding}`]),
      ]),
    );
    const settings = result.matrix?.settings ?? [{ name: undefined, cells: result.cells }];
    for (const { name, cells } of settings) {
      for (const { dataset, initialization, runs } of cells) {
        for (const run of runs) {
          const source = join(folder, run.folder, 'predictions.csv');
          const own = [dataset, initialization, run.pretrainingSeed, run.seed];
          const where = [...(result.matrix ? [name] : []), ...(result.crossValidation ? [run.fold] : [])];
          if (!existsSync(source)) missing.push(run.folder);
          else writeSync(file, runLines(source, findings, [...own, ...where]));
        }
      }
    }
    fsyncSync(file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
  return missing;
}

function runLines(source: string, findings: readonly string[], run: (string | number | undefined)[]): string {
  const { ids, patients, splits, labels, probabilities, findings: own } = readPredictions(source);
  const columns = findings.map((finding) => own.indexOf(finding));
  const value = (values: Float32Array, row: number, column: number) => {
    const found = values[row * own.length + column]!;
    return Number.isNaN(found) ? '' : String(found);
  };
  return ids
    .map((id, row) =>
      csvLine([
        ...run,
        splits[row],
        id,
        patients[row],
        ...columns.flatMap((column) =>
          column < 0 ? ['', ''] : [value(labels, row, column), value(probabilities, row, column)],
        ),
      ]),
    )
    .join('');
}
