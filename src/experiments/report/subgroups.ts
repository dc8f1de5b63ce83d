import {
  cell,
  count,
  decimals,
  type Figure,
  left,
  NONE,
  percent,
  right,
  type Table,
  type TableCell,
} from '../../pages/index.js';
import type { ExperimentResult, Factor, Gap, Interval, SubgroupResult } from '../result/index.js';
import { colorOf } from './figures.js';
import { confidence, pValue, range, signed } from './format.js';
import { intervalPanels } from './intervals.js';
import { estimate, meanNotes, pNote } from './table.js';

export const FACTOR_NAMES: Record<Factor, string> = {
  sex: 'Sex',
  age: 'Age',
  view: 'View',
  scanner: 'Scanner',
  site: 'Site',
};

const difference = (interval: Interval | null | undefined): TableCell =>
  interval ? { text: signed(interval.estimate), range: range(interval) } : cell(NONE);

/** Mean AUROC in every group of patients or radiographs, and its difference from the largest group. */
export function subgroupTable(result: ExperimentResult): Table {
  const { subgroups = [] } = result;
  return {
    title: 'Subgroups of the test split. Mean AUROC over the findings that every compared group has enough cases of.',
    columns: [
      left('Group'),
      right('Radiographs'),
      right('Patients'),
      right('Mean AUROC'),
      right('Difference from the largest group'),
      right('p'),
      right('p, corrected'),
    ],
    groups: byModel(subgroups).map(({ heading, items }) => ({
      heading,
      rows: items.flatMap(({ factor, reference, groups }) =>
        groups.map((group) => [
          cell(`${FACTOR_NAMES[factor]}: ${group.name}`),
          cell(count(group.images)),
          cell(count(group.patients)),
          estimate(group.meanAuroc),
          group.name === reference ? cell('reference') : difference(group.againstReference?.difference),
          cell(pValue(group.againstReference?.p ?? null)),
          cell(pValue(group.againstReference?.pAdjusted ?? null)),
        ]),
      ),
    })),
    notes: [
      ...subgroups.flatMap(({ dataset, factor, groups }) =>
        groups
          .filter(({ reason }) => reason)
          .map(({ name, reason }) => `${dataset}, ${FACTOR_NAMES[factor]}: ${name} is left out: ${reason}.`),
      ),
      ...subgroups.map(
        ({ atLeast }) =>
          `A group counts for a finding with at least ${count(atLeast)} positives and as many negatives.`,
      ),
      pNote(result, 'the groups of one factor, model and data set'),
      ...meanNotes(
        subgroups.map(({ dataset, factor, meanOver }) => ({ place: `${dataset}, ${FACTOR_NAMES[factor]}`, meanOver })),
      ),
    ].filter((note, i, all) => all.indexOf(note) === i),
  };
}

/** The distance between the best and the worst group. */
export function gapTable(result: ExperimentResult): Table {
  const { subgroups = [] } = result;
  const row = (name: string, what: string, { highest, lowest, difference: gap, p, pAdjusted }: Gap): TableCell[] => [
    cell(name),
    cell(what),
    cell(highest),
    cell(lowest),
    difference(gap),
    cell(pValue(p)),
    cell(pValue(pAdjusted)),
  ];
  return {
    title: 'Gaps between subgroups: the best group minus the worst, for the mean AUROC and for each finding.',
    columns: [
      left('Factor'),
      left('AUROC of'),
      left('Highest'),
      left('Lowest'),
      right('Gap'),
      right('p'),
      right('p, corrected'),
    ],
    groups: byModel(subgroups).map(({ heading, items }) => ({
      heading,
      rows: items.flatMap(({ factor, gap, findings }) => [
        ...(gap ? [row(FACTOR_NAMES[factor], 'mean', gap)] : []),
        ...findings.map((item) => row(FACTOR_NAMES[factor], item.finding, item)),
      ]),
    })),
    notes: [
      'Hypothesis: all groups have the same AUROC. A gap is that of the extremes of several groups, which its p takes into account and its interval does not.',
      pNote(
        result,
        'the factors of one model and data set for means, and over the findings of one factor for findings',
      ),
    ],
  };
}

function byModel(subgroups: readonly SubgroupResult[]): { heading: string; items: SubgroupResult[] }[] {
  const groups = new Map<string, SubgroupResult[]>();
  for (const item of subgroups) {
    const heading = `${item.dataset}: ${item.initialization}`;
    groups.set(heading, [...(groups.get(heading) ?? []), item]);
  }
  return [...groups].map(([heading, items]) => ({ heading, items }));
}

/** A panel per data set and factor: groups with every initialization's interval. */
export function subgroupFigure(result: ExperimentResult): Figure {
  const { subgroups = [] } = result;
  const panels = new Map<string, { label: string; interval: Interval; text: string; color: string; group: number }[]>();
  for (const { dataset, initialization, factor, groups } of subgroups) {
    const title = `${dataset}, ${FACTOR_NAMES[factor].toLowerCase()}`;
    const rows = groups.flatMap(({ name, meanAuroc }, group) =>
      meanAuroc
        ? [
            {
              label: `${name}: ${initialization}`,
              interval: meanAuroc,
              text: decimals(meanAuroc.estimate),
              color: colorOf(result, initialization),
              group,
            },
          ]
        : [],
    );
    panels.set(title, [...(panels.get(title) ?? []), ...rows]);
  }
  const sorted = [...panels].map(([title, rows]) => ({ title, rows: rows.sort((a, b) => a.group - b.group) }));
  return {
    caption: `Mean test AUROC within subgroups, with ${confidence(result.statistics.confidence)} intervals; one color per initialization. Dashed: chance.`,
    legend: [],
    panels: intervalPanels(sorted, 'Mean test AUROC', 0.5),
  };
}

/** How often each finding is in each group: what a model could learn in place of anatomy. */
export function confoundingTable(result: ExperimentResult): Table {
  const { confounding = [] } = result;
  return {
    title: 'Findings and groups. Share of positive radiographs per group, and how strongly both go together.',
    columns: [left('Finding'), left('Positive'), right("Cram\u00e9r's V"), right('p'), right('p, corrected')],
    groups: confounding.map(({ dataset, split, factor, groups, findings }) => ({
      heading: `${dataset}, ${split === 'train' ? 'training' : 'test'} split, ${FACTOR_NAMES[factor].toLowerCase()}`,
      rows: findings.map((item) => [
        cell(item.finding),
        cell(
          item.groups
            .map(({ positives, negatives }, i) => `${groups[i]!.name} ${percent(positives, positives + negatives)}`)
            .join(', '),
        ),
        cell(item.cramersV === null ? NONE : decimals(item.cramersV)),
        cell(pValue(item.p)),
        cell(pValue(item.pAdjusted)),
      ]),
    })),
    notes: [
      "Cram\u00e9r's V: 0 where a finding is equally frequent in all groups, 1 where the group tells it. Tested by chi-square or Fisher's exact test on " +
        'the first radiograph of each patient.',
      pNote(result, 'the findings of one data set, split and factor'),
    ],
  };
}
