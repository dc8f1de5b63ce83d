import * as Plot from '@observablehq/plot';
import { cell, counted, decimals, drawSvg, type Figure, left, NONE, right, type Table } from '../../pages/index.js';
import type { ExperimentResult, ExternalResult } from '../result/index.js';
import { confidence, pValue, range, signed } from './format.js';
import { distinct } from './select.js';
import { estimate, meanNotes, pNote } from './table.js';

/** Mean AUROC of every model (rows: training data set) on every data set (columns), one group per initialization. */
export function externalTable(result: ExperimentResult): Table {
  const { externalValidation = [] } = result;
  const { trained, tested } = axes(externalValidation);
  return {
    title:
      `External validation. Mean AUROC of the models of one data set on the test split of another, over the findings that both have, ` +
      `with ${confidence(result.statistics.confidence)} intervals.`,
    columns: [left('Trained on'), ...tested.map((name) => right(`Tested on ${name}`))],
    groups: distinct(externalValidation.map(({ initialization }) => initialization)).map((initialization) => ({
      heading: initialization,
      rows: trained.map((trainedOn) => [
        cell(trainedOn),
        ...tested.map((testedOn) =>
          estimate(find(externalValidation, initialization, trainedOn, testedOn)?.meanAuroc, trainedOn === testedOn),
        ),
      ]),
    })),
    notes: [
      'Bold: trained and tested on patients of the same data set, over all its findings; compare with it only what is over the same findings.',
      ...meanNotes(
        externalValidation
          .filter(({ trainedOn, testedOn, reason }) => !reason && trainedOn !== testedOn)
          .map(({ trainedOn, testedOn, meanOver }) => ({ place: `${trainedOn} on ${testedOn}`, meanOver })),
      ),
      ...distinct(
        externalValidation.flatMap(({ trainedOn, testedOn, reason }) =>
          reason ? [`${trainedOn} on ${testedOn}: ${reason}.`] : [],
        ),
      ),
      ...distinct(
        externalValidation.flatMap(({ trainedOn, testedOn, leftOut = 0, note }) => [
          ...(leftOut > 0
            ? [
                `${trainedOn} on ${testedOn}: ${counted(leftOut, 'test radiograph')} left out, since the training saw the patients.`,
              ]
            : []),
          ...(note ? [`${trainedOn} on ${testedOn}: ${note}.`] : []),
        ]),
      ),
    ],
  };
}

/** Which initialization is better on patients of other data sets. */
export function externalPairTable(result: ExperimentResult): Table {
  const { externalComparisons = [] } = result;
  const pairs = distinct(externalComparisons.map(({ first, second }) => `${first} \u2212 ${second}`));
  return {
    title: `External validation of pairs. Difference of the mean AUROC on another data set, over the same redraws, with ${confidence(result.statistics.confidence)} intervals.`,
    columns: [left('Trained on'), left('Tested on'), right('Mean AUROC'), right('p'), right('p, corrected')],
    groups: pairs.map((heading) => ({
      heading,
      rows: externalComparisons
        .filter(({ first, second }) => `${first} \u2212 ${second}` === heading)
        .map(({ trainedOn, testedOn, mean: { difference, p, pAdjusted } }) => [
          cell(trainedOn),
          cell(testedOn),
          difference ? { text: signed(difference.estimate), range: range(difference) } : cell(NONE),
          cell(pValue(p)),
          cell(pValue(pAdjusted)),
        ]),
    })),
    notes: [pNote(result, 'the pairs of initializations within one training and one test data set')],
  };
}

/** The same as a heat map per initialization, all on one scale. */
export function externalFigure({ externalValidation = [] }: ExperimentResult): Figure {
  const { trained, tested } = axes(externalValidation);
  const values = externalValidation.flatMap(({ meanAuroc }) => (meanAuroc ? [meanAuroc.estimate] : []));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const column = 14 + Math.max(56, ...tested.map(({ length }) => 6.8 * length));
  const room = 14 + 6.8 * Math.max(0, ...trained.map(({ length }) => length));
  const panels = distinct(externalValidation.map(({ initialization }) => initialization)).flatMap((initialization) => {
    const cells = externalValidation
      .filter((it) => it.initialization === initialization && it.meanAuroc)
      .map(({ trainedOn, testedOn, meanAuroc }) => ({
        trainedOn,
        testedOn,
        text: decimals(meanAuroc!.estimate),
        // Light enough for the number on it, in light and in dark.
        opacity: 0.06 + (0.44 * (meanAuroc!.estimate - low)) / (high - low || 1),
      }));
    if (cells.length === 0) return [];
    const said = cells.map(({ trainedOn, testedOn, text }) => `${trainedOn} on ${testedOn} ${text}`).join(', ');
    const own = cells.filter(({ trainedOn, testedOn }) => trainedOn === testedOn);
    const svg = drawSvg(`Mean AUROC of ${initialization} by training and test data set: ${said}`, {
      width: Math.round(Math.max(300, room + column * tested.length + 8)),
      height: 52 + 34 * trained.length,
      marginLeft: room,
      marginTop: 44,
      marginBottom: 8,
      marginRight: 8,
      x: { domain: tested, axis: 'top', label: 'Tested on', labelAnchor: 'center', labelArrow: 'none', tickSize: 0 },
      y: { domain: trained, label: 'Trained on', labelAnchor: 'top', labelArrow: 'none', tickSize: 0 },
      opacity: { type: 'identity' },
      marks: [
        Plot.cell(cells, { x: 'testedOn', y: 'trainedOn', fill: 'var(--series-0)', fillOpacity: 'opacity', inset: 1 }),
        Plot.cell(own, { x: 'testedOn', y: 'trainedOn', stroke: 'currentColor', strokeWidth: 1.2, inset: 1.5 }),
        Plot.text(cells, { x: 'testedOn', y: 'trainedOn', text: 'text' }),
      ],
    });
    return [{ title: initialization, svg }];
  });
  return {
    caption:
      'Mean AUROC by training data set (rows) and test data set (columns); the stronger the color the higher, all panels on one scale. ' +
      'Framed: trained and tested on the same data set, over all its findings; else over the findings that both have.',
    legend: [],
    panels,
  };
}

const axes = (results: readonly ExternalResult[]) => ({
  trained: distinct(results.map(({ trainedOn }) => trainedOn)),
  tested: distinct(results.map(({ testedOn }) => testedOn)),
});

const find = (results: readonly ExternalResult[], initialization: string, trainedOn: string, testedOn: string) =>
  results.find((it) => it.initialization === initialization && it.trainedOn === trainedOn && it.testedOn === testedOn);
