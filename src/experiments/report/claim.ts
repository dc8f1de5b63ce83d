import { counted, listed } from '../../pages/index.js';
import type { ChecklistPart } from './facts.js';

/**
 * The 44 items of the 2024 update (Tejani et al., Radiology: Artificial Intelligence 2024, 6(4):e240300) in its parts and numbers,
 * named in short.
 */
export const CLAIM: readonly ChecklistPart[] = [
  {
    heading: 'Title, abstract, introduction',
    items: [
      ['1', 'AI methodology named, with its category', () => 'Deep learning; the network is named in Methods.'],
      ['2', 'Summary of design, methods, results and conclusions'],
      ['3', 'Scientific or clinical background, intended use and role'],
      ['4', 'Aims, objectives and hypotheses', ({ goal }) => `${goal} The clinical aim is the authors' to state.`],
    ],
  },
  {
    heading: 'Methods: study design',
    items: [
      [
        '5',
        'Prospective or retrospective',
        () => "Retrospective: data sets that exist already; how those were collected is the authors' to say.",
      ],
      ['6', 'Goal of the study', ({ goal }) => goal],
    ],
  },
  {
    heading: 'Methods: data',
    items: [
      [
        '7',
        'Data sources',
        ({ result }) => `${listed(result.datasets.map(({ name }) => name))}; references are the authors' to give.`,
      ],
      [
        '8',
        'Inclusion and exclusion criteria',
        ({ unreadable }) => `${unreadable} Criteria of the data sets themselves are the authors' to give.`,
      ],
      ['9', 'Data preprocessing', ({ preprocessing }) => preprocessing],
      [
        '10',
        'Selection of data subsets',
        ({ result }) =>
          result.datasets.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)).join(' ') || undefined,
      ],
      [
        '11',
        'De-identification methods',
        () =>
          "Those of the data sets, the authors' to describe. Image ids and patient numbers of the data sets stay in the files of predictions; this report has none of patients.",
      ],
      [
        '12',
        'Handling of missing data',
        ({ unreadable, estimable }) =>
          `${unreadable} Unknown labels count neither as positive nor as negative. ${estimable}`,
      ],
      ['13', 'Image acquisition protocol'],
    ],
  },
  {
    heading: 'Methods: reference standard',
    items: [
      [
        '14',
        'Definition of the methods behind the reference standard',
        ({ result }) =>
          `The labels of the data sets: ${listed([...new Set(result.datasets.flatMap(({ findings }) => findings))])}. How they were made is the authors' to say.`,
      ],
      ['15', 'Rationale for the reference standard'],
      ['16', 'Source of the annotations'],
      [
        '17',
        'Annotation of the test set',
        () =>
          "The labels that the data sets give their test images; whether those were made otherwise than the labels for training is the authors' to say.",
      ],
      ['18', 'Variability between and within annotators'],
    ],
  },
  {
    heading: 'Methods: data partitions',
    items: [
      ['19', 'Assignment of data to partitions', ({ splits }) => splits],
      ['20', 'Level at which partitions are disjoint', () => 'Patients.'],
    ],
  },
  {
    heading: 'Methods: testing data',
    items: [['21', 'Intended sample size']],
  },
  {
    heading: 'Methods: model',
    items: [
      [
        '22',
        'Detailed description of the model',
        ({ result }) =>
          `${listed([...new Set(result.initializations.map(({ network }) => network))])}; one linear layer on top, one output per finding.`,
      ],
      ['23', 'Software libraries, frameworks and packages', ({ software }) => software],
      ['24', 'Initialization of model parameters', ({ initializations }) => initializations],
    ],
  },
  {
    heading: 'Methods: training',
    items: [
      ['25', 'Details of the training', ({ training }) => training],
      ['26', 'Selection of the final model', ({ selection }) => selection],
      ['27', 'Ensembling techniques', () => 'None: every run is tested on its own.'],
    ],
  },
  {
    heading: 'Methods: evaluation',
    items: [
      [
        '28',
        'Metrics of performance',
        ({ result }) =>
          `AUROC per finding and their mean; at an operating point (${result.statistics.threshold}) the metrics of the table of the same name.`,
      ],
      ['29', 'Measures of significance and uncertainty', ({ statistics }) => statistics],
      [
        '30',
        'Robustness or sensitivity analysis',
        ({ robustness, subgroups }) => [robustness, subgroups].filter(Boolean).join(' ') || undefined,
      ],
      ['31', 'Explainability or interpretability', () => 'None by hilum.'],
      [
        '32',
        'Evaluation on internal data',
        ({ result: { crossValidation } }) =>
          crossValidation
            ? `By ${crossValidation.folds}-fold cross-validation: every patient is tested by models that did not train on that patient.`
            : 'The test split of each data set, of patients that its training did not see.',
      ],
      ['33', 'Testing on external data', ({ external }) => external],
      ['34', 'Clinical trial registration'],
    ],
  },
  {
    heading: 'Results: data',
    items: [
      ['35', 'Patients or examinations included and excluded', ({ splits, unreadable }) => `${splits} ${unreadable}`],
      [
        '36',
        'Demographic and clinical characteristics by partition',
        () => 'Table 1: sex, age, views and findings per split, where the data sets tell them.',
      ],
    ],
  },
  {
    heading: 'Results: model performance',
    items: [
      ['37', 'Performance metrics and their uncertainty', () => 'Mean AUROC; Findings.'],
      [
        '38',
        'Estimates of diagnostic performance and their precision',
        ({ calibration }) => `Operating point. ${calibration ?? ''}`.trim(),
      ],
      [
        '39',
        'Failure analysis of cases classified wrongly',
        ({ subgroups }) => (subgroups ? `${subgroups} Single cases are the authors' to look at.` : undefined),
      ],
    ],
  },
  {
    heading: 'Discussion and other information',
    items: [
      [
        '40',
        'Study limitations',
        ({ result }) => `Of the statistics: ${result.verdict.slice(-1).join(' ')} Others are the authors' to give.`,
      ],
      ['41', 'Implications for practice, intended use, clinical role'],
      [
        '42',
        'Full protocol or further technical details',
        () => 'The experiment as a file, with every default filled in: Configuration.',
      ],
      [
        '43',
        'Availability of software, trained model and data',
        ({ software, result }) =>
          `${software} ${counted(result.cells.flatMap(({ runs }) => runs).length, 'trained model')}, each with a model card; whether they are published is the authors' to say.`,
      ],
      ['44', 'Funding and other support, role of funders'],
    ],
  },
];
