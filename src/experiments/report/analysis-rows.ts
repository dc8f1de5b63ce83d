import type { CalibrationMeasure, ExperimentResult, Gap, MatchedAuroc, SubgroupResult } from '../result/index.js';
import { numbers, over, type Row } from './csv-rows.js';

/** The numbers of the analyses of models, in the format of `comparisonCsv`. */
export function analysisRows(result: ExperimentResult): Row[] {
  return [
    ...calibrationRows(result),
    ...(result.subgroups ?? []).flatMap(subgroupRows),
    ...matchedRows(result),
    ...degradedRows(result),
  ];
}

function calibrationRows({ cells }: ExperimentResult): Row[] {
  const measured = (of: Row, measure: CalibrationMeasure | null): Row[] =>
    measure
      ? [
          ...(['brier', 'miscalibration', 'discrimination', 'uncertainty'] as const).map((metric) => ({
            ...of,
            metric,
            estimate: measure[metric],
          })),
          { ...of, metric: 'eceEqualWidth', estimate: measure.ece.equalWidth },
          { ...of, metric: 'eceEqualMass', estimate: measure.ece.equalMass },
        ]
      : [];
  return cells.flatMap(({ dataset, initialization, calibration = [], precisionRecall = [] }) => {
    const of = { dataset, kind: 'calibration', name: initialization };
    return [
      ...precisionRecall.map(({ finding, averagePrecision }) => ({
        ...of,
        kind: 'model',
        finding,
        metric: 'averagePrecision',
        estimate: averagePrecision,
      })),
      ...calibration.flatMap(({ finding, raw, temperature, platt }) => [
        ...measured({ ...of, finding, group: 'as predicted' }, raw),
        ...measured({ ...of, finding, group: 'temperature' }, temperature),
        ...measured({ ...of, finding, group: 'Platt' }, platt),
      ]),
    ];
  });
}

function subgroupRows({
  dataset,
  initialization,
  factor,
  reference,
  meanOver,
  groups,
  gap,
  findings,
}: SubgroupResult): Row[] {
  const of = { dataset, kind: 'subgroup', name: initialization };
  const apart = ({ highest, lowest, difference, p, pAdjusted }: Gap): Row => ({
    ...of,
    kind: 'gap',
    group: `${factor} ${highest} - ${lowest}`,
    ...numbers(difference),
    p,
    pAdjusted,
  });
  return [
    ...groups.flatMap(({ name, meanAuroc, findings: own, againstReference, reason }): Row[] => [
      { ...of, group: `${factor} ${name}`, metric: 'meanAuroc', ...numbers(meanAuroc), note: reason ?? over(meanOver) },
      ...own.map(({ finding, positives, negatives, auroc }) => ({
        ...of,
        group: `${factor} ${name}`,
        finding,
        metric: 'auroc',
        ...numbers(auroc),
        positives,
        negatives,
      })),
      ...(againstReference
        ? [
            {
              ...of,
              group: `${factor} ${name} - ${reference}`,
              metric: 'meanAuroc',
              ...numbers(againstReference.difference),
              p: againstReference.p,
              pAdjusted: againstReference.pAdjusted,
            },
          ]
        : []),
    ]),
    ...(gap ? [{ ...apart(gap), metric: 'meanAuroc', note: over(meanOver) }] : []),
    ...findings.map((item) => ({ ...apart(item), finding: item.finding, metric: 'auroc' })),
  ];
}

function matchedRows({ matched = [] }: ExperimentResult): Row[] {
  return matched.flatMap(({ dataset, initialization, factors, mean, meanOver, findings, reason }) => {
    const of = { dataset, kind: 'matched', name: initialization, group: factors.join(' ') };
    const rows = (named: Row, names: [string, string], values: MatchedAuroc | null): Row[] => [
      { ...of, ...named, metric: names[0], ...numbers(values?.matched) },
      { ...of, ...named, metric: names[1], ...numbers(values?.difference), p: values?.p },
    ];
    return [
      ...rows({ note: reason ?? over(meanOver) }, ['matchedMeanAuroc', 'plainMinusMatchedMeanAuroc'], mean),
      ...findings.flatMap((item) => rows({ finding: item.finding }, ['matchedAuroc', 'plainMinusMatchedAuroc'], item)),
    ];
  });
}

function degradedRows({ degraded = [] }: ExperimentResult): Row[] {
  return degraded.flatMap(({ dataset, initialization, degradation, mean, meanOver, findings, reason }) => {
    const of = { dataset, kind: 'degraded', name: initialization, group: degradation };
    return [
      { ...of, metric: 'meanAuroc', ...numbers(mean?.auroc), note: reason ?? over(meanOver) },
      ...(mean ? [{ ...of, metric: 'shareOfMeanAuroc', ...numbers(mean.share), note: over(meanOver) }] : []),
      ...findings.flatMap((item) => [
        { ...of, finding: item.finding, metric: 'auroc', ...numbers(item.auroc) },
        { ...of, finding: item.finding, metric: 'shareOfAuroc', ...numbers(item.share) },
      ]),
    ];
  });
}
