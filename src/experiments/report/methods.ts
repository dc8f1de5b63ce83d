import { CORRECTION_NAMES } from '../../evaluation/index.js';
import { compact, count, counted, listed } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { confidence } from './format.js';
import { analysesText, imagesText } from './methods-analyses.js';
import { testsText } from './pair-tests.js';
import { recipeText } from './recipe-text.js';
import { byPretraining } from './seeds.js';
import { distinct } from './select.js';

/** The methods section that belongs to these results, made from the settings alone. One string per paragraph. */
export function methods(result: ExperimentResult): string[] {
  return [models(result), training(result), statistics(result), analysesText(result), software(result)];
}

function models(result: ExperimentResult): string {
  const { initializations, crossValidation } = result;
  const networks = distinct(initializations.map(({ network }) => network));
  const starts = initializations.map(({ name, description, network, pretrainings = [] }) => {
    const own = networks.length > 1 ? `; ${network}` : '';
    const [pretraining] = pretrainings;
    const seeds =
      pretrainings.length > 1
        ? `, once with each of the seeds ${listed(pretrainings.map(({ seed }) => `${seed}`))}`
        : '';
    const here = pretraining
      ? `; pretrained here ${description.includes(pretraining.data) ? 'in' : `on ${pretraining.data},`} ${counted(pretraining.steps, 'step')}, ${counted(pretraining.images, 'image')} seen${seeds}`
      : '';
    return `${name} (${description}${here}${own})`;
  });
  const foldsText = crossValidation
    ? ` In ${crossValidation.folds}-fold cross-validation every patient was tested once, by models of the other folds; the folds were stratified by ` +
      'findings (Sechidis et al., 2011) and replace published splits. Estimates are means over the folds of the value within each ' +
      '(Forman and Scholz, 2010), and patients were redrawn within folds.'
    : '';
  const sets = trained(result).map(({ name, findings }) => `${name} (${counted(findings.length, 'finding')})`);
  return (
    (networks.length > 1
      ? `${counted(initializations.length, 'start')} of different networks were compared: ${starts.join('; ')}. `
      : `The same network (${networks[0]}) was initialized in ${counted(initializations.length, 'way')}: ${starts.join('; ')}. `) +
    `Each was trained and tested on ${listed(sets)}${exceptions(result)}. Training, validation and test patients are disjoint.${foldsText}`
  );
}

/** The data sets with models of their own: not those that were tested on alone. */
const trained = ({ datasets, cells }: ExperimentResult) =>
  datasets.filter(({ name }) => cells.some(({ dataset }) => dataset === name));

/** The starts that were not fine-tuned on every data set: `, but MIMIC not on MIMIC-CXR`. */
function exceptions(result: ExperimentResult): string {
  const { initializations, cells } = result;
  const left = initializations.flatMap(({ name: start }) => {
    const own = new Set(cells.flatMap(({ initialization, dataset }) => (initialization === start ? [dataset] : [])));
    const without = trained(result)
      .map(({ name }) => name)
      .filter((name) => !own.has(name));
    return without.length > 0 ? [`${start} not on ${listed(without)}`] : [];
  });
  return left.length > 0 ? `, but ${listed(left)}` : '';
}

function training({ cells, configuration }: ExperimentResult): string {
  const fromSeveral = cells.some(({ runs }) => byPretraining(runs).length > 1);
  const seeds = distinct(cells.flatMap(({ runs }) => runs.map(({ seed }) => String(seed))));
  const candidates = distinct(
    cells.flatMap(({ learningRateSearch = [] }) => learningRateSearch.map((it) => compact(it.learningRate))),
  );
  const rates = distinct(cells.map(({ learningRate }) => compact(learningRate)));
  const first = fromSeveral
    ? ' with the first pretraining seed and the first fine-tuning seed'
    : seeds.length > 1
      ? ' with the first seed'
      : '';
  const chosen =
    candidates.length > 0
      ? `The learning rate was chosen per initialization and data set among ${listed(candidates)} by the validation AUROC${first}.`
      : `The learning rate was ${listed(rates)}.`;
  return (
    `${imagesText(configuration)}Each combination was ${fromSeveral ? 'fine-tuned' : 'trained'} with ${counted(seeds.length, 'seed')} (${seeds.join(', ')})` +
    `${fromSeveral ? ', from each of its pretrainings' : ''}. ${chosen} ${recipeText(configuration).trimEnd()}`
  );
}

function statistics(result: ExperimentResult): string {
  const { statistics: it, shortcuts } = result;
  const tests = testsText(result);
  return (
    `Intervals are the ${confidence(it.confidence)} ${it.interval === 'bca' ? '' : 'percentile '}intervals of ${count(it.redraws)} bootstrap redraws, with replacement, ` +
    `of the test split by ${it.unit} (seed ${it.seed}), ` +
    `${it.stratified ? `${it.unit}s with and without a positive finding redrawn apart, as many of each as there are, ` : ''}the same redraws for all models of a data set, ` +
    `${seedsText(it)}. ` +
    `${it.interval === 'bca' ? 'Those of models and their differences are bias-corrected and accelerated (BCa), all others percentile intervals. ' : ''}` +
    'Two models are compared by the paired difference of their AUROC. With k of B redraws at or beyond 0 the one-sided p is (k + 1) / (B + 1), ' +
    'so never 0; p-values are two-sided, twice the smaller of both directions, ' +
    `${correctionText(it)} ${tests === '' ? '' : `${tests} `}` +
    `${it.undefinedRedraws === 0 ? 'Every redraw had positives and negatives of every estimable finding.' : `${counted(it.undefinedRedraws, 'redraw')} lacked the positives or the negatives of some finding and did not count for it.`} ` +
    `The metrics at an operating point hold at one threshold per finding and run: ${it.threshold}. ` +
    'A finding without positives or without negatives in the test split is not estimable and not in the mean. ' +
    (shortcuts.length > 0
      ? 'Beside the models, shortcut predictors (logistic regressions on simple features) were fitted on the training split and tested on the same test split.'
      : 'No shortcut predictor was run.')
  );
}

function correctionText({ correction, families }: ExperimentResult['statistics']): string {
  if (correction === 'none') return 'not corrected for the number of comparisons.';
  return `and corrected by ${CORRECTION_NAMES[correction]} over ${families.mean} for means, and over ${families.findings} for findings.`;
}

function seedsText({ seedsRedrawn: { pretraining, finetuning } }: ExperimentResult['statistics']): string {
  if (pretraining) {
    const within = finetuning ? ' and, within each one drawn, its fine-tuning seeds' : '';
    return `with each model's pretraining seeds${within} redrawn as well`;
  }
  return finetuning ? 'with the training seeds redrawn as well' : 'with the training seeds kept';
}

function software({ hilum: it }: ExperimentResult): string {
  const memory = it.machine.memoryGiB === undefined ? '' : `, ${it.machine.memoryGiB} GiB`;
  const gpu = it.machine.gpu === undefined ? '' : `, ${it.machine.gpu}`;
  return (
    `hilum ${it.version}, Node.js ${it.node}, libtorch ${it.libtorch}, ${it.blas}, ${counted(it.threads, 'thread')}, ${it.precision}; ` +
    `${it.machine.cpu}, ${counted(it.machine.cores, 'core')}${memory}${gpu}.`
  );
}
