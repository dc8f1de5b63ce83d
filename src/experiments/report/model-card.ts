import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/index.js';
import {
  compact,
  count,
  counted,
  decimals,
  left,
  listed,
  NONE,
  percent,
  right,
  type Table,
  cell as text,
} from '../../pages/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import { settingsOf } from '../config/settings.js';
import type { Cell, ExperimentResult, Run } from '../result/index.js';
import { confidence, escapeMarkdown } from './format.js';
import { markdownTable } from './markdown.js';
import { methods } from './methods.js';
import { DEGRADATION_NAMES } from './robustness.js';
import { needsNoAnatomy } from './select.js';
import { FACTOR_NAMES } from './subgroups.js';
import { estimate } from './table.js';

/** Writes `MODEL_CARD.md` beside the weights of every run that are there. Returns the paths. */
export function writeModelCards(folder: string, result: ExperimentResult): string[] {
  return [result, ...otherSettings(result)].flatMap((own) =>
    own.cells.flatMap((cell) =>
      cell.runs.flatMap((run, i) => {
        const place = join(folder, run.folder);
        if (!existsSync(join(place, 'model.safetensors'))) return [];
        const path = join(place, 'MODEL_CARD.md');
        writeFileAtomic(path, modelCard(own, cell, i));
        return [path];
      }),
    ),
  );
}

/** The result as that of each other setting of the matrix: what was looked into in the reference alone is not there. */
function otherSettings({ matrix, ...result }: ExperimentResult): ExperimentResult[] {
  const [, ...settings] = matrix ? settingsOf(result.configuration as ExperimentConfig) : [];
  return settings.map(({ name, config }) => {
    const { cells, comparisons } = matrix!.settings.find((it) => it.name === name)!;
    const { subgroups: _, matched: __, degraded: ___, externalValidation: ____, ...rest } = result;
    const own = cells.map((cell) => ({ ...cell, roc: [] }));
    const initializations = result.initializations.map((it) => ({ ...it, network: `${it.network}; here ${name}` }));
    return { ...rest, configuration: config, initializations, cells: own, comparisons, shortcuts: [] };
  });
}

/**
 * What people must know of the model of one run before they use it, in the order of Mitchell et al., "Model cards for model reporting",
 * 2019: details, intended use, factors, metrics, data, quantitative analyses, ethical considerations, caveats. Holds counts, no patient.
 * `index` is that of the run in its cell.
 */
export function modelCard(result: ExperimentResult, cell: Cell, index: number): string {
  const run = cell.runs[index]!;
  const sections: [heading: string, ...content: (string | Table)[]][] = [
    ['Model details', ...details(result, cell, run)],
    ['Intended use', ...INTENDED],
    ['How to use', ...usage(run)],
    ['Training and evaluation data', ...data(result, cell)],
    ['Performance', ...performance(result, cell, index)],
    ['Subgroups and other factors', ...factors(result, cell)],
    ['Calibration', ...calibration(cell, index)],
    ['Ethical considerations', ETHICS],
    ['Limits', ...limits(result, cell)],
    ['Methods', ...methods(result).map(escapeMarkdown)],
    [
      'License and contact',
      'To be filled in by those who publish the model; also the licenses of the starting weights and of the data.',
    ],
  ];
  const title = `# ${escapeMarkdown(`${cell.initialization}, fine-tuned on ${cell.dataset}`)}`;
  const body = sections.flatMap(([heading, ...content]) => [
    `## ${heading}`,
    ...content.map((it) => (typeof it === 'string' ? it : markdownTable(it))),
  ]);
  return `${[title, ...body].join('\n\n')}\n`;
}

const INTENDED = [
  'For research: to compare starting points of networks that read chest radiographs, and as a start of further work.',
  'Not for diagnosis or treatment, not a medical device, and no substitute for a radiologist. Not for other images than frontal chest ' +
    'radiographs like those of the training data, nor for findings that are not listed here.',
];

const ETHICS =
  'The training data are radiographs of patients; the weights may hold traces of them, so the terms of the data set may bind those who pass ' +
  'the model on. A model may serve groups of patients unequally: see above what was looked at, and what was not.';

function details(result: ExperimentResult, cell: Cell, run: Run): string[] {
  const start = result.initializations.find(({ name }) => name === cell.initialization)!;
  const seeds = [
    ...(run.pretrainingSeed === undefined ? [] : [`pretraining seed ${run.pretrainingSeed}`]),
    `fine-tuning seed ${run.seed}`,
  ];
  const lines = [
    `Task: a probability for each of ${counted(cell.findings.length, 'finding')} (${cell.findings.map(({ finding }) => finding).join(', ')}), each on its own.`,
    `Network: ${start.network}; one linear layer on top.`,
    `Start: ${start.name} (${start.description}).`,
    `Fine-tuned on ${cell.dataset}: learning rate ${compact(cell.learningRate)}, ${seeds.join(', ')}; weights of epoch ${run.bestEpoch} of ${run.epochs}.`,
    `Made by hilum ${result.hilum.version} in the experiment "${result.name}", ${result.createdAt.slice(0, 10)}.`,
  ];
  return [lines.map((line) => `- ${escapeMarkdown(line)}`).join('\n')];
}

function usage(run: Run): string[] {
  return [
    `\`\`\`\nhilum predict --run ${run.folder.replaceAll('`', '')} IMAGE...\n\`\`\``,
    'Images are DICOM, PNG, JPEG and the like; `model.json` says how they are preprocessed. The weights are `model.safetensors`; ' +
      '`hilum weights convert` writes them for timm, transformers and others.',
  ];
}

function data(result: ExperimentResult, cell: Cell): (string | Table)[] {
  const dataset = result.datasets.find(({ name }) => name === cell.dataset)!;
  const parts = [dataset.splits.train, dataset.splits.validate, dataset.splits.test];
  return [
    `${escapeMarkdown(dataset.name)}. Training, validation and test patients are disjoint; the numbers below are of the test split.`,
    {
      title: 'Radiographs, patients and positives with their share of the known labels.',
      columns: [left(''), right('Training'), right('Validation'), right('Test')],
      groups: [
        {
          rows: [
            [text('Radiographs'), ...parts.map(({ images }) => text(count(images)))],
            [text('Patients'), ...parts.map(({ patients }) => text(count(patients)))],
            ...dataset.findings.map((finding) => [
              text(finding),
              ...parts.map(({ findings }) => {
                const { positive = 0, negative = 0 } = findings[finding] ?? {};
                return text(`${count(positive)} (${percent(positive, positive + negative)})`);
              }),
            ]),
          ],
        },
      ],
      notes: [],
    },
  ];
}

function performance(result: ExperimentResult, cell: Cell, index: number): (string | Table)[] {
  const { statistics } = result;
  const own = cell.runs[index]!.testMeanAuroc;
  const several = cell.runs.length > 1;
  const mean = cell.meanAuroc;
  const overall = mean
    ? `Mean test AUROC ${decimals(mean.estimate)} (${confidence(statistics.confidence)} interval ${decimals(mean.low)} to ${decimals(mean.high)}) over ${escapeMarkdown(listed(cell.meanOver))}` +
      `${several ? `, for the ${cell.runs.length} runs with other seeds together; this run alone: ${own === null ? NONE : decimals(own)}` : ''}.`
    : 'No finding could be estimated on the test split.';
  return [
    overall,
    {
      title:
        `Test split: AUROC, and sensitivity and specificity at the threshold (${statistics.threshold}), with ${confidence(statistics.confidence)} intervals` +
        `${several ? ' over all runs; the threshold is that of this run' : ''}.`,
      columns: [
        left('Finding'),
        right('Positive / negative'),
        right('AUROC'),
        right('Threshold'),
        right('Sensitivity'),
        right('Specificity'),
      ],
      groups: [
        {
          rows: cell.findings.map((it) => [
            text(it.finding),
            text(`${count(it.positives)} / ${count(it.negatives)}`),
            estimate(it.auroc),
            // A run without a threshold is left out of the list, so that one cannot tell whose the others are.
            text(it.thresholds.length === cell.runs.length ? decimals(it.thresholds[index]!, 4) : NONE),
            estimate(it.sensitivity),
            estimate(it.specificity),
          ]),
        },
      ],
      notes: cell.notEstimable.map(({ finding, reason }) => `${finding} is not estimable: ${reason}.`),
    },
  ];
}

function factors(result: ExperimentResult, cell: Cell): (string | Table)[] {
  const of = <T extends { dataset: string; initialization: string }>(items: readonly T[] = []) =>
    items.filter(({ dataset, initialization }) => dataset === cell.dataset && initialization === cell.initialization);
  const groups = of(result.subgroups).flatMap(({ factor, groups: tested }) =>
    tested.map(({ name, images, patients, meanAuroc }) => [
      text(`${FACTOR_NAMES[factor]}: ${name}`),
      text(count(images)),
      text(count(patients)),
      estimate(meanAuroc),
    ]),
  );
  const degraded = of(result.degraded).flatMap(({ degradation, mean }) =>
    mean ? [[text(DEGRADATION_NAMES[degradation]), estimate(mean.plain), estimate(mean.auroc)]] : [],
  );
  const shortcuts = result.shortcuts.filter((it) => it.dataset === cell.dataset && it.meanAuroc && needsNoAnatomy(it));
  const best = shortcuts.sort((a, b) => b.meanAuroc!.estimate - a.meanAuroc!.estimate)[0];
  return [
    ...(groups.length > 0
      ? [
          table(
            'Mean AUROC within groups of the test split.',
            ['Group', 'Radiographs', 'Patients', 'Mean AUROC'],
            groups,
          ),
        ]
      : ['Subgroups of patients were not looked at.']),
    ...(degraded.length > 0
      ? [table('Mean AUROC on images that lack something.', ['Images', 'As they are', 'Degraded'], degraded)]
      : []),
    best
      ? `The best predictor without anatomy ("${escapeMarkdown(best.predictor)}") reaches a mean AUROC of ${decimals(best.meanAuroc!.estimate)} on the same test split.`
      : 'No predictor without anatomy was run on the same test split.',
  ];
}

function calibration(cell: Cell, index: number): (string | Table)[] {
  const measured = cell.calibration ?? [];
  if (measured.length === 0) return ['Not measured: take probabilities as scores, not as frequencies.'];
  const rows = measured.map(({ finding, raw, temperature }) => [
    text(finding),
    text(decimals(raw.brier)),
    text(decimals(raw.ece.equalMass)),
    text(temperature ? decimals(temperature.ece.equalMass) : NONE),
    text(temperature?.temperatures[index] === undefined ? NONE : decimals(temperature.temperatures[index])),
  ]);
  const columns = ['Finding', 'Brier score', 'ECE', 'ECE, scaled', 'Temperature'];
  return [
    table(
      'Probabilities against frequencies on the test split, means over runs; the temperature is that of this run.',
      columns,
      rows,
    ),
    'Scaled: log-odds divided by the temperature, which the validation split made likeliest. `hilum predict` does not scale.',
  ];
}

function limits(result: ExperimentResult, cell: Cell): string[] {
  const said = result.verdict.filter((sentence) => sentence.startsWith(`${cell.dataset}:`));
  const general = [
    `Tested on ${cell.dataset} alone${result.externalValidation?.length ? ' for the numbers above; other data sets are in the report of the experiment' : ''}: elsewhere, and with other machines, views or patients, it may do worse.`,
    'Labels are those of the data set, with their errors.',
    'The output is one probability per finding; it does not say where in the image a finding is.',
  ];
  return [[...general, ...said].map((sentence) => `- ${escapeMarkdown(sentence)}`).join('\n')];
}

function table(title: string, columns: string[], rows: Table['groups'][number]['rows']): Table {
  return {
    title,
    columns: columns.map((name, i) => (i === 0 ? left(name) : right(name))),
    groups: [{ rows }],
    notes: [],
  };
}
