import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/index.js';
import {
  compact,
  count,
  counted,
  decimals,
  left,
  NONE,
  percent,
  right,
  type Table,
  cell as text,
} from '../../pages/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import { settingsOf } from '../config/settings.js';
import { type Predictions, readPredictions } from '../finetuning/predictions.js';
import type { Cell, ExperimentResult, Run } from '../result/index.js';
import { escapeMarkdown } from './format.js';
import { markdownTable } from './markdown.js';
import { methods } from './methods.js';
import { external, performance, table } from './model-card-performance.js';
import { DEGRADATION_NAMES } from './robustness.js';
import { distinct, isShortcut } from './select.js';
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
        const predictions = join(place, 'predictions.csv');
        writeFileAtomic(
          path,
          modelCard(own, cell, i, existsSync(predictions) ? readPredictions(predictions) : undefined),
        );
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
 * `index` is that of the run in its cell; with the run's `predictions` the card has the numbers of this very model.
 */
export function modelCard(result: ExperimentResult, cell: Cell, index: number, predictions?: Predictions): string {
  const run = cell.runs[index]!;
  const sections: [heading: string, ...content: (string | Table)[]][] = [
    ['Model details', ...details(result, cell, run)],
    ['Intended use', ...INTENDED],
    ['How to use', ...usage(result, run)],
    ['Training and evaluation data', ...data(result, cell)],
    ['Performance', ...performance(result, cell, index, predictions), ...external(result, cell)],
    ['Subgroups and other factors', ...factors(result, cell)],
    ['Calibration', ...calibration(result, cell, index)],
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
  'Not for diagnosis or treatment, not a medical device, and no substitute for a radiologist. Not for other images than chest radiographs ' +
    'like those of the training data (see their views, ages and sexes below), nor for findings that are not listed here.',
  'Before any use in a hospital: test it on radiographs of that hospital, set thresholds there, and see what law asks of such software.',
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

function usage(result: ExperimentResult, run: Run): string[] {
  const { preprocessing = {} } = (result.configuration ?? {}) as { preprocessing?: object };
  const settings = Object.entries(preprocessing).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return [
    `From the folder of the experiment:\n\n\`\`\`\nhilum predict --run ${run.folder.replaceAll('`', '')} IMAGE...\n\`\`\``,
    'To pass the model on, `model.safetensors` (weights) and `model.json` (network, findings, preprocessing, precision) of this folder are enough: ' +
      '`--run` is then the folder that has them. `hilum weights convert` writes the weights for timm, transformers and others.',
    'Input: one radiograph per file (DICOM, PNG, JPEG and the like), read as gray values.' +
      `${settings.length > 0 ? ` Preprocessing, which \`hilum predict\` does by itself: ${escapeMarkdown(settings.join(', '))}.` : ''}` +
      ' A file that cannot be read ends the call with an error that names it. That an image is no chest radiograph, or a poor one, is not noticed.',
    'Output: one probability per finding, 0 to 1, each on its own (they do not sum to 1). `hilum predict` applies neither the thresholds nor the ' +
      'temperatures below; a finding counts as present where its probability is not below the threshold.',
  ];
}

function data(result: ExperimentResult, cell: Cell): (string | Table)[] {
  const dataset = result.datasets.find(({ name }) => name === cell.dataset)!;
  const parts = [dataset.splits.train, dataset.splits.validate, dataset.splits.test];
  const rowsBy = (of: 'sexes' | 'views', name: string) =>
    distinct(parts.flatMap((part) => Object.keys(part[of] ?? {}))).map((key) => [
      text(`${name} ${key}`),
      ...parts.map((part) => text(`${count(part[of]?.[key] ?? 0)} (${percent(part[of]?.[key] ?? 0, part.images)})`)),
    ]);
  const ages = parts.map(({ medianAgeYears }) => text(medianAgeYears === undefined ? NONE : compact(medianAgeYears)));
  return [
    `${escapeMarkdown(dataset.name)}. Training, validation and test patients are disjoint; the numbers below are of the test split.`,
    {
      title:
        'Radiographs, patients, and radiographs with each finding, with their share of those whose label is known. ' +
        'Views and sexes with their share of the radiographs.',
      columns: [left(''), right('Training'), right('Validation'), right('Test')],
      groups: [
        {
          rows: [
            [text('Radiographs'), ...parts.map(({ images }) => text(count(images)))],
            [text('Patients'), ...parts.map(({ patients }) => text(count(patients)))],
            ...(parts.some(({ medianAgeYears }) => medianAgeYears !== undefined)
              ? [[text('Median age, years'), ...ages]]
              : []),
            ...rowsBy('sexes', 'Sex'),
            ...rowsBy('views', 'View'),
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
  const shortcuts = result.shortcuts.filter((it) => it.dataset === cell.dataset && it.meanAuroc && isShortcut(it));
  const best = shortcuts.sort((a, b) => b.meanAuroc!.estimate - a.meanAuroc!.estimate)[0];
  return [
    ...(groups.length > 0
      ? [
          {
            ...table(
              'Mean AUROC within groups of the test split, over the runs.',
              ['Group', 'Radiographs', 'Patients', 'Mean AUROC'],
              groups,
            ),
            notes: distinct(
              of(result.subgroups).flatMap(({ factor, groups: tested }) =>
                tested.flatMap(({ name, reason }) =>
                  reason ? [`${FACTOR_NAMES[factor]} ${name}: left out: ${reason}.`] : [],
                ),
              ),
            ),
          },
        ]
      : ['Subgroups of patients were not looked at.']),
    ...(degraded.length > 0
      ? [
          table(
            'Mean AUROC on images that lack something, of the one run (of the first seeds) that was tested so.',
            ['Images', 'As they are', 'Degraded'],
            degraded,
          ),
        ]
      : []),
    best
      ? `The best shortcut predictor ("${escapeMarkdown(best.predictor)}", a logistic regression) reaches a mean AUROC of ${decimals(best.meanAuroc!.estimate)} on the same test split.`
      : 'No shortcut predictor was run on the same test split.',
  ];
}

function calibration(result: ExperimentResult, cell: Cell, index: number): (string | Table)[] {
  const measured = cell.calibration ?? [];
  if (measured.length === 0) return ['Not measured: take probabilities as scores, not as frequencies.'];
  const { loss } = ((result.configuration ?? {}) as { finetuning?: { loss?: { type?: string; posWeight?: boolean } } })
    .finetuning ?? { loss: {} };
  const weighted = (loss?.type ?? 'cross-entropy') === 'cross-entropy' && loss?.posWeight !== false;
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
    'ECE: expected calibration error, the mean distance between predicted probabilities and the share of positives, over bins of about equally ' +
      'many radiographs; 0 is best. Scaled: log-odds divided by the temperature, which the validation split made likeliest; ' +
      `${NONE}: not to be had for every run. \`hilum predict\` does not scale.`,
    ...(weighted
      ? [
          'Rare positives weighed more in training: unscaled probabilities are higher than the frequencies of the findings.',
        ]
      : []),
  ];
}

/** Fewer positives than this, and a sensitivity is known to no better than about 0.2 either way. */
const FEW = 30;

function limits(result: ExperimentResult, cell: Cell): string[] {
  const said = result.verdict.filter((sentence) => sentence.startsWith(`${cell.dataset}:`));
  const few = cell.findings.filter(({ positives }) => positives < FEW);
  const general = [
    `${result.externalValidation?.length ? `Developed on ${cell.dataset}` : `Tested on ${cell.dataset} alone`}: elsewhere, and with other machines, views or patients, it may do worse.`,
    'Labels are those of the data set, with their errors.',
    ...(few.length > 0
      ? [
          `Few positives in the test split (${few.map(({ finding, positives }) => `${finding} ${positives}`).join(', ')}): what is said of these findings is uncertain.`,
        ]
      : []),
    'The output is one probability per finding; it does not say where in the image a finding is.',
  ];
  return [[...general, ...said].map((sentence) => `- ${escapeMarkdown(sentence)}`).join('\n')];
}
