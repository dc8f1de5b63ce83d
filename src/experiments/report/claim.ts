import { counted, listed } from '../../pages/index.js';
import type { ChecklistPart } from './facts.js';

/** The 44 items of CLAIM 2024. */
export const CLAIM: readonly ChecklistPart[] = [
  {
    heading: 'Title, abstract, introduction',
    items: [
      ['1', 'Title or abstract names the AI method', () => 'Deep learning; the network is named in Methods.'],
      ['2', 'Structured abstract'],
      ['3', 'Background, intended use and role'],
      ['4', 'Aims and hypotheses', ({ goal }) => `${goal} The clinical aim is the authors' to state.`],
    ],
  },
  {
    heading: 'Methods: study design and data',
    items: [
      ['5', 'Prospective or retrospective', () => 'Retrospective: data sets that exist already.'],
      ['6', 'Goal of the study', ({ goal }) => goal],
      [
        '7',
        'Sources of data',
        ({ result }) => `${listed(result.datasets.map(({ name }) => name))}; references are the authors' to give.`,
      ],
      [
        '8',
        'Inclusion and exclusion',
        ({ unreadable }) => `${unreadable} Criteria of the data sets themselves are the authors' to give.`,
      ],
      ['9', 'Preprocessing', ({ preprocessing }) => preprocessing],
      [
        '10',
        'Choice of subsets of the data',
        ({ result }) =>
          result.datasets.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)).join(' ') || undefined,
      ],
      [
        '11',
        'De-identification',
        () => 'By the publishers of the data sets; hilum keeps no identifier but their image ids.',
      ],
      [
        '12',
        'Missing data',
        ({ unreadable, estimable }) =>
          `${unreadable} Unknown labels count neither as positive nor as negative. ${estimable}`,
      ],
      ['13', 'Image acquisition'],
    ],
  },
  {
    heading: 'Methods: reference standard',
    items: [
      [
        '14',
        'Definition of the reference standard',
        ({ result }) =>
          `The labels of the data sets: ${listed([...new Set(result.datasets.flatMap(({ findings }) => findings))])}.`,
      ],
      ['15', 'Why this reference standard'],
      ['16', 'Source of the annotations, annotators'],
      ['17', 'Annotation of the test set', () => 'As for training: the labels of the data sets.'],
      ['18', 'Variability of annotators'],
    ],
  },
  {
    heading: 'Methods: partitions, test data, model',
    items: [
      [
        '19',
        'How data were assigned to partitions',
        ({ splits }) => `${splits} Training, validation and test patients are disjoint.`,
      ],
      ['20', 'Level at which partitions are disjoint', () => 'Patients.'],
      ['21', 'Intended sample size'],
      [
        '22',
        'Description of the model',
        ({ result }) =>
          `${listed([...new Set(result.initializations.map(({ network }) => network))])}; one linear layer on top, one output per finding.`,
      ],
      ['23', 'Software', ({ software }) => software],
      ['24', 'Initialization of the parameters', ({ initializations }) => initializations],
      ['25', 'Training', ({ training }) => training],
      ['26', 'Selection of the final model', ({ selection }) => selection],
      ['27', 'Ensembling', () => 'None: every run is tested on its own.'],
    ],
  },
  {
    heading: 'Methods: evaluation',
    items: [
      [
        '28',
        'Metrics',
        ({ result }) =>
          `AUROC per finding and their mean; at an operating point (${result.statistics.threshold}) the metrics of the table of the same name.`,
      ],
      ['29', 'Uncertainty and significance', ({ statistics }) => statistics],
      [
        '30',
        'Robustness and sensitivity',
        ({ robustness, subgroups }) => [robustness, subgroups].filter(Boolean).join(' ') || undefined,
      ],
      ['31', 'Explainability', () => 'None by hilum.'],
      ['32', 'Internal test data', () => 'The test split of each data set, of patients that no training saw.'],
      ['33', 'External test data', ({ external }) => external],
      ['34', 'Trial registration'],
    ],
  },
  {
    heading: 'Results',
    items: [
      ['35', 'Flow of patients or examinations', ({ splits, unreadable }) => `${splits} ${unreadable}`],
      [
        '36',
        'Characteristics of every partition',
        () => 'Table 1: sex, age, views and findings per split, where the data sets tell them.',
      ],
      ['37', 'Performance with uncertainty', () => 'Mean AUROC; Findings.'],
      [
        '38',
        'Estimates of diagnostic performance',
        ({ calibration }) => `Operating point. ${calibration ?? ''}`.trim(),
      ],
      [
        '39',
        'Analysis of failures',
        ({ subgroups }) => (subgroups ? `${subgroups} Single cases are the authors' to look at.` : undefined),
      ],
    ],
  },
  {
    heading: 'Discussion and other information',
    items: [
      [
        '40',
        'Limitations',
        ({ result }) => `Of the statistics: ${result.verdict.slice(-1).join(' ')} Others are the authors' to give.`,
      ],
      ['41', 'Implications for practice'],
      ['42', 'Protocol', () => 'The experiment as a file, with every default filled in: Configuration.'],
      [
        '43',
        'Availability of software, model and data',
        ({ software, result }) =>
          `${software} ${counted(result.cells.flatMap(({ runs }) => runs).length, 'trained model')}, each with a model card; whether they are published is the authors' to say.`,
      ],
      ['44', 'Funding'],
    ],
  },
];
