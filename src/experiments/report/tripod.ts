import { listed } from '../../pages/index.js';
import type { ChecklistPart } from './facts.js';

/** The items of TRIPOD+AI with their sub-items. */
export const TRIPOD: readonly ChecklistPart[] = [
  {
    heading: 'Title, abstract, introduction',
    items: [
      ['1', 'Title: development or evaluation, population, outcome'],
      ['2', 'Abstract'],
      ['3a', 'Clinical context and existing models'],
      ['3b', 'Intended population, purpose and users'],
      ['3c', 'Known inequalities between groups'],
      ['4', 'Objectives', ({ goal }) => `Development and evaluation. ${goal}`],
    ],
  },
  {
    heading: 'Methods: data',
    items: [
      [
        '5a',
        'Sources of data',
        ({ result }) =>
          `${listed(result.datasets.map(({ name }) => name))}; how representative they are is the authors' to say.`,
      ],
      ['5b', 'Dates of the data'],
      ['6a', 'Setting and centres'],
      ['6b', 'Eligibility'],
      ['6c', 'Treatments'],
      ['7', 'Preparation of the data', ({ preprocessing }) => `The same for all groups of patients: ${preprocessing}`],
      [
        '8a',
        'Outcome and how it was assessed',
        ({ result }) =>
          `The labels of the data sets: ${listed([...new Set(result.datasets.flatMap(({ findings }) => findings))])}. How they were made is the authors' to say.`,
      ],
      ['8b', 'Assessors of the outcome'],
      ['8c', 'Blinding of the assessment'],
      ['9a', 'Choice of predictors', () => 'The pixels of one radiograph; nothing else about the patient.'],
      ['9b', 'Definition of predictors', ({ preprocessing }) => preprocessing],
      ['9c', 'Assessors of predictors', () => 'None: images are read as they are.'],
      ['10', 'Sample size'],
      [
        '11',
        'Missing data',
        ({ unreadable }) => `${unreadable} Unknown labels count neither as positive nor as negative.`,
      ],
    ],
  },
  {
    heading: 'Methods: analysis',
    items: [
      ['12a', 'Use of the data, partitions', ({ splits }) => `${splits} Disjoint by patient.`],
      ['12b', 'Handling of predictors', ({ preprocessing }) => preprocessing],
      [
        '12c',
        'Type of model, building, tuning, internal validation',
        ({ training, selection }) => `${training} ${selection}`,
      ],
      ['12d', 'Differences between clusters (centres)', ({ external }) => external],
      [
        '12e',
        'Measures of performance',
        ({ statistics, calibration }) =>
          `AUROC and metrics at an operating point. ${calibration ?? ''} ${statistics}`.replace(/\s+/g, ' '),
      ],
      ['12f', 'Updating of the model', () => 'None.'],
      [
        '12g',
        'How predictions were calculated',
        () => 'By the network for every test radiograph on its own; `hilum predict` does the same.',
      ],
      ['13', 'Class imbalance', ({ result }) => imbalance(result.configuration)],
      ['14', 'Fairness', ({ subgroups }) => subgroups],
      [
        '15',
        'Output of the model and thresholds',
        ({ result }) => `A probability per finding; positive from the threshold of ${result.statistics.threshold}.`,
      ],
      ['16', 'Differences between development and evaluation data', () => 'Table 1 shows both.'],
      ['17', 'Ethical approval'],
    ],
  },
  {
    heading: 'Open science, patients',
    items: [
      ['18a', 'Funding'],
      ['18b', 'Conflicts of interest'],
      ['18c', 'Protocol', () => 'The experiment as a file: Configuration.'],
      ['18d', 'Registration'],
      ['18e', 'Availability of the data'],
      ['18f', 'Availability of the code', ({ software }) => software],
      ['19', 'Involvement of patients and public'],
    ],
  },
  {
    heading: 'Results',
    items: [
      ['20a', 'Flow of participants', ({ splits, unreadable }) => `${splits} ${unreadable}`],
      ['20b', 'Characteristics of participants', () => 'Table 1.'],
      ['20c', 'Development compared with evaluation data', () => 'Table 1, by split.'],
      [
        '21',
        'Participants and outcomes in every analysis',
        ({ estimable }) => `Positives and negatives stand beside every finding. ${estimable}`,
      ],
      [
        '22',
        'The model itself',
        () => 'Weights (model.safetensors), settings (model.json) and MODEL_CARD.md in the folder of each run.',
      ],
      [
        '23a',
        'Performance with intervals, by groups',
        ({ subgroups }) => `Mean AUROC; Findings; Operating point. ${subgroups ?? ''}`.trim(),
      ],
      ['23b', 'Heterogeneity between clusters', ({ external }) => external],
      ['24', 'Results of updating', () => 'None.'],
    ],
  },
  {
    heading: 'Discussion',
    items: [
      ['25', 'Interpretation', ({ result }) => `The verdict: ${result.verdict[0] ?? ''}`],
      ['26', 'Limitations'],
      [
        '27a',
        'Poor or missing input in use',
        () => 'A radiograph that cannot be read gets no prediction and an error.',
      ],
      ['27b', 'What users must do and know'],
      ['27c', 'Next steps'],
    ],
  },
];

function imbalance(configuration: unknown): string {
  const { finetuning } = (configuration ?? {}) as {
    finetuning?: { loss?: { type?: string; posWeight?: boolean }; sampling?: string };
  };
  const { loss, sampling } = finetuning ?? {};
  if (loss?.type !== undefined && loss.type !== 'cross-entropy') return `${loss.type} loss; sampling ${sampling}.`;
  const weighted =
    loss?.posWeight === false
      ? 'Positives were not weighted.'
      : 'Positives were weighted by negatives / positives of the training split.';
  return `${weighted}${sampling && sampling !== 'shuffled' ? ` Sampling: ${sampling}.` : ''} Probabilities are of the model so trained; see Calibration.`;
}
