import { listed } from '../../pages/index.js';
import type { ChecklistPart } from './facts.js';

/**
 * The 27 items of TRIPOD+AI (Collins et al., BMJ 2024, 385:e078378) with their sub-items, 52 in all, named in short. A comparison of
 * starts develops and evaluates models, so that those for development and those for evaluation both apply.
 */
export const TRIPOD: readonly ChecklistPart[] = [
  {
    heading: 'Title, abstract, introduction',
    items: [
      ['1', 'Title: development or evaluation, target population, outcome'],
      ['2', 'Abstract (checklist of its own: TRIPOD+AI for Abstracts)'],
      ['3a', 'Healthcare context, rationale, existing models'],
      ['3b', 'Target population, intended purpose and users'],
      ['3c', 'Known health inequalities between sociodemographic groups'],
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
      ['5b', 'Dates of the data, start and end of accrual'],
      ['6a', 'Setting; number and location of centres'],
      ['6b', 'Eligibility criteria'],
      ['6c', 'Treatments received'],
      [
        '7',
        'Pre-processing and quality checks, alike across groups',
        ({ preprocessing }) => `The same for all groups of patients: ${preprocessing}`,
      ],
      [
        '8a',
        'Outcome: definition, time, assessment, alike across groups',
        ({ result }) =>
          `The labels of the data sets: ${listed([...new Set(result.datasets.flatMap(({ findings }) => findings))])}. How they were made is the authors' to say.`,
      ],
      ['8b', 'Qualifications and demographics of outcome assessors'],
      ['8c', 'Blinding of outcome assessment'],
      ['9a', 'Choice of initial predictors', () => 'The pixels of one radiograph; nothing else about the patient.'],
      ['9b', 'Definition and measurement of predictors', ({ preprocessing }) => preprocessing],
      ['9c', 'Qualifications and demographics of predictor assessors', () => 'None: images are read as they are.'],
      ['10', 'Study size and its justification'],
      [
        '11',
        'Handling of missing data',
        ({ unreadable }) => `${unreadable} Unknown labels count neither as positive nor as negative.`,
      ],
    ],
  },
  {
    heading: 'Methods: analysis',
    items: [
      ['12a', 'How the data were used and partitioned', ({ splits }) => `${splits} Disjoint by patient.`],
      ['12b', 'Handling of predictors in the analyses', ({ preprocessing }) => preprocessing],
      [
        '12c',
        'Type of model, building steps, tuning, internal validation',
        ({ training, selection }) => `${training} ${selection}`,
      ],
      ['12d', 'Heterogeneity across clusters (hospitals, countries)', ({ external }) => external],
      [
        '12e',
        'Measures and plots of performance',
        ({ statistics, calibration }) =>
          `AUROC and metrics at an operating point. ${calibration ?? ''} ${statistics}`.replace(/\s+/g, ' '),
      ],
      ['12f', 'Model updating (e.g. recalibration)', ({ calibration }) => updating(calibration)],
      [
        '12g',
        'How predictions were calculated',
        () => 'By the network for every test radiograph on its own; `hilum predict` does the same.',
      ],
      ['13', 'Class imbalance', ({ result }) => imbalance(result.configuration)],
      ['14', 'Approaches to fairness', ({ subgroups }) => subgroups],
      [
        '15',
        'Output of the model; classification and thresholds',
        ({ result }) => `A probability per finding; positive from the threshold of ${result.statistics.threshold}.`,
      ],
      [
        '16',
        'Differences between development and evaluation data',
        ({ external }) =>
          external
            ? "Internal: parts of the same data sets (Table 1). External: setting, eligibility and labels differ between data sets, which is the authors' to describe."
            : 'Parts of the same data sets; Table 1 shows both.',
      ],
      ['17', 'Ethical approval and consent'],
    ],
  },
  {
    heading: 'Open science; patient and public involvement',
    items: [
      ['18a', 'Funding, role of funders'],
      ['18b', 'Conflicts of interest'],
      ['18c', 'Protocol', () => 'The experiment as a file: Configuration.'],
      ['18d', 'Registration'],
      ['18e', 'Availability of the data'],
      ['18f', 'Availability of the code', ({ software }) => software],
      ['19', 'Patient and public involvement'],
    ],
  },
  {
    heading: 'Results',
    items: [
      ['20a', 'Flow of participants', ({ splits, unreadable }) => `${splits} ${unreadable}`],
      ['20b', 'Characteristics of participants', () => 'Table 1.'],
      ['20c', 'Distributions compared with the development data', () => 'Table 1, by split.'],
      [
        '21',
        'Participants and outcomes in every analysis',
        ({ estimable }) => `Positives and negatives stand beside every finding. ${estimable}`,
      ],
      [
        '22',
        'The full model, for predictions in new individuals',
        () =>
          "Weights (model.safetensors), settings (model.json) and MODEL_CARD.md in the folder of each run; restrictions of use are the authors' to state.",
      ],
      [
        '23a',
        'Performance with intervals, also in key subgroups',
        ({ subgroups }) => `Mean AUROC; Findings; Operating point. ${subgroups ?? ''}`.trim(),
      ],
      ['23b', 'Heterogeneity of performance across clusters', ({ external }) => external],
      ['24', 'Results of model updating', ({ calibration }) => updating(calibration)],
    ],
  },
  {
    heading: 'Discussion',
    items: [
      ['25', 'Overall interpretation, with fairness', ({ result }) => `The verdict: ${result.verdict[0] ?? ''}`],
      ['26', 'Limitations'],
      [
        '27a',
        'Poor or unavailable input when the model is used',
        () =>
          "A file that cannot be read gets an error and no prediction. Poor image quality is not detected: it is the users' to judge.",
      ],
      ['27b', 'Interaction and expertise required of users'],
      ['27c', 'Next steps, applicability and generalizability'],
    ],
  },
];

const updating = (calibration: string | undefined) =>
  calibration
    ? 'No model was changed. What recalibration on the validation split would do is shown beside (Calibration).'
    : 'None.';

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
