import { cell, compact, decimals, left, NONE, right, type Table, type TableCell } from '../../pages/index.js';
import type { CalibrationMeasure, ExperimentResult, FindingMeans } from '../result/index.js';
import { byDataset } from './table.js';

/** Brier score and calibration error per finding, and what scaling on the validation split would make of them. */
export function calibrationTable(result: ExperimentResult): Table {
  const error = (measure: CalibrationMeasure | null): TableCell =>
    cell(measure ? decimals(measure.ece.equalMass) : NONE);
  return {
    title: 'Calibration on the test split: how far a probability of the model means what it says.',
    columns: [
      left('Finding'),
      left('Initialization'),
      right('Brier score'),
      right('Miscalibration'),
      right('Discrimination'),
      right('ECE'),
      right('ECE, temperature'),
      right('ECE, Platt'),
      right('Temperature'),
    ],
    groups: byDataset(result, ({ cells }, dataset) => {
      const own = cells.filter((it) => it.dataset === dataset);
      const findings = [...new Set(own.flatMap(({ calibration = [] }) => calibration.map(({ finding }) => finding)))];
      return findings.flatMap((finding) =>
        own.flatMap(({ initialization, calibration = [] }) => {
          const item = calibration.find((it) => it.finding === finding);
          if (!item) return [];
          const { raw, temperature, platt } = item;
          return [
            [
              cell(finding),
              cell(initialization),
              cell(decimals(raw.brier)),
              cell(decimals(raw.miscalibration)),
              cell(decimals(raw.discrimination)),
              error(raw),
              error(temperature),
              error(platt),
              cell(temperature ? between(temperature.temperatures) : NONE),
            ],
          ];
        }),
      );
    }),
    notes: [
      'Brier score = miscalibration (also called reliability) \u2212 discrimination (resolution) + uncertainty; 0 is best. ECE: expected calibration error over 10 bins of about ' +
        'equally many radiographs. Temperature, Platt: after scaling by one or two numbers that were fitted on the validation split; ' +
        'scaling changes no AUROC. Means over runs, without intervals.',
    ],
  };
}

const between = (values: readonly number[]) =>
  [...new Set([Math.min(...values), Math.max(...values)].map((value) => compact(Number(value.toPrecision(3)))))].join(
    ' to ',
  );

/** AUROC and average precision by other means over the findings than the plain one. */
export function meansTable(result: ExperimentResult): Table {
  const shown = (means: FindingMeans | undefined): TableCell[] =>
    (['macro', 'micro', 'weighted'] as const).map((kind) => cell(means ? decimals(means[kind]) : NONE));
  return {
    title:
      'Means over the findings: every finding alike (macro), all decisions together (micro), by prevalence (weighted).',
    columns: [
      left('Initialization'),
      right('AUROC, macro'),
      right('AUROC, micro'),
      right('AUROC, weighted'),
      right('AP, macro'),
      right('AP, micro'),
      right('AP, weighted'),
    ],
    groups: byDataset(result, ({ cells }, dataset) =>
      cells
        .filter((it) => it.dataset === dataset && it.means)
        .map(({ initialization, means }) => [
          cell(initialization),
          ...shown(means?.auroc),
          ...shown(means?.averagePrecision),
        ]),
    ),
    notes: [
      'AP: average precision. Means over runs, without intervals: intervals and tests of this report are of the macro mean of AUROC.',
    ],
  };
}
