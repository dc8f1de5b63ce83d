/** What an experiment consists of, from its configuration alone: nodes that can run apart, and what each of them needs. */
import { contentHash, packageVersion } from '../../base/index.js';
import type { ExperimentConfig, Initialization } from '../config/schema.js';
import { type Setting, type SettingValues, settingsOf, startsOn } from '../config/settings.js';

export type NodeKind = GraphNode['kind'];

interface AnyNode {
  /** Unique, of letters, digits, `.`, `_`, `-` and `/`. */
  id: string;
  /** For people. */
  title: string;
  /** Nodes that must be finished before this one begins; they stand before it in the graph. */
  needs: readonly string[];
  /** Cores that it keeps busy; 0: all that there are. So a GPU works on one part at a time, which has its memory to itself. */
  threads: number;
  /** In which setting, where the experiment has a matrix. */
  setting?: string;
  /** Changes with everything in the configuration that this node depends on, and hilum's version; tells nothing of the files. */
  key: string;
}

/** Reads every image of a data set once. */
export interface DatasetNode extends AnyNode {
  kind: 'dataset';
  dataset: string;
}

/** Reads every image that an initialization is pretrained on once. */
export interface PretrainingDataNode extends AnyNode {
  kind: 'pretraining data';
  initialization: string;
}

export interface PretrainingNode extends AnyNode {
  kind: 'pretraining';
  initialization: string;
  pretrainingSeed: number;
}

export interface FinetuningNode extends AnyNode {
  kind: 'finetuning';
  /** Data set and initialization: all runs of one share a learning rate. */
  cell: string;
  dataset: string;
  initialization: string;
  /** Where the initialization is pretrained in the experiment. */
  pretrainingSeed?: number;
  seed: number;
  /** Of a cross-validation: the one that the run is tested on, from 1. */
  fold?: number;
  /** Null: the best of the cell's candidates. */
  learningRate: number | null;
}

/** Lets the models of an initialization and a data set predict the test split of another one. */
export interface ExternalNode extends AnyNode {
  kind: 'external';
  cell: string;
  dataset: string;
  initialization: string;
  testedOn: string;
}

/**
 * Compares all initializations on a data set's test split, in one setting; or, `between` them, all settings of each
 * initialization. Made anew with the report, never kept as a part.
 */
export interface TestNode extends AnyNode {
  kind: 'test';
  dataset: string;
  between?: true;
}

export type GraphNode = DatasetNode | PretrainingDataNode | PretrainingNode | FinetuningNode | ExternalNode | TestNode;

/** The data sets that models are fine-tuned on. */
export const trainingSets = ({ datasets }: Pick<ExperimentConfig, 'datasets'>): ExperimentConfig['datasets'] =>
  datasets.filter(({ role }) => role !== 'external');

/** The nodes of an experiment; each stands after those that it needs. */
export function experimentGraph(config: ExperimentConfig): GraphNode[] {
  const nodes = new Map<string, GraphNode>();
  const add = <N extends GraphNode>(node: Omit<N, 'key'>, inputs: unknown): N => {
    const needs = node.needs.map((id) => nodes.get(id)!.key);
    const whole = { ...node, key: contentHash({ version: packageVersion(), id: node.id, inputs, needs }) } as N;
    nodes.set(node.id, whole);
    return whole;
  };
  const settings = settingsOf(config);
  const [reference] = settings;
  const ids = nodeIds(config, reference);
  const { seed, device, precision, model, preprocessing } = config;
  for (const source of config.datasets) {
    const { name: dataset } = source;
    for (const setting of settings) {
      const id = nodeIds(config, setting).dataset(dataset);
      if (nodes.has(id)) continue;
      const { imageSize } = setting.config.model;
      const inputs = { source: { ...source, masks: undefined, role: undefined }, seed, preprocessing, imageSize };
      const title = setting.values.imageSize === undefined ? `read ${dataset}` : `read ${dataset} at ${imageSize} px`;
      add<DatasetNode>({ id, kind: 'dataset', title, needs: [], threads: 0, ...inSetting(setting), dataset }, inputs);
    }
  }
  for (const start of config.initializations) {
    if (!isPretrained(start)) continue;
    const { name: initialization, seeds = [seed] } = start;
    const id = ids.data(initialization);
    // No pretraining sees a radiograph that any data set tests on.
    const needs = start.radiographs ? config.datasets.map(({ name }) => ids.dataset(name)) : [];
    const title = `read images of ${initialization}`;
    const { datasets: _, imageSizes: __, ...pretrained } = start;
    const inputs = { start: { ...pretrained, seeds: null }, seed, preprocessing, imageSize: model.imageSize };
    add<PretrainingDataNode>({ id, kind: 'pretraining data', title, needs, threads: 0, initialization }, inputs);
    const { threads } = start.from === 'ssl' && start.method === 'dinov2' ? start.pretraining : start.training;
    for (const pretrainingSeed of seeds) {
      const own = ids.pretraining(initialization, pretrainingSeed);
      const title = `pretrain ${initialization}, seed ${pretrainingSeed}`;
      const node = {
        id: own,
        kind: 'pretraining',
        title,
        needs: [id],
        threads: coresOn(device, threads),
        initialization,
        pretrainingSeed,
      } as const;
      add<PretrainingNode>(node, { model, device, precision, pretrainingSeed });
    }
  }
  for (const setting of settings) {
    for (const start of config.initializations) {
      for (const { name } of trainingSets(config)) {
        if (!startsOn(setting.config, name).includes(start)) continue;
        addCell(setting, start, name, (node, inputs) => add(node, inputs));
      }
    }
  }
  for (const node of config.externalValidation ? externalNodes(reference, [...nodes.values()]) : []) add(node, null);
  for (const { name: dataset, role } of config.datasets) {
    for (const setting of role === 'external' ? [reference] : settings) {
      const { slug } = setting;
      const own = nodeIds(config, setting);
      const runs = [...nodes.values()].filter(
        (node) =>
          (node.kind === 'external' && setting === reference && node.testedOn === dataset) ||
          (node.kind === 'finetuning' && node.dataset === dataset && (node.setting ?? '') === slug),
      );
      const test = {
        id: own.test(dataset),
        kind: 'test',
        title: slug === '' ? `test on ${dataset}` : `test on ${dataset}, ${setting.name}`,
        needs: [own.dataset(dataset), ...runs.map(({ id }) => id)],
        threads: 1,
        ...inSetting(setting),
        dataset,
      } as const;
      add<TestNode>(test, config.statistics);
    }
    if (settings.length === 1 || role === 'external') continue;
    const runs = [...nodes.values()].filter((node) => node.kind === 'finetuning' && node.dataset === dataset);
    const between = {
      id: ids.between(dataset),
      kind: 'test',
      title: `compare settings on ${dataset}`,
      needs: runs.map(({ id }) => id),
      threads: 1,
      dataset,
      between: true,
    } as const;
    add<TestNode>(between, config.statistics);
  }
  return [...nodes.values()];
}

const inSetting = ({ slug }: Setting): { setting?: string } => (slug === '' ? {} : { setting: slug });

/**
 * The fine-tunings of one initialization on one data set: every learning rate with the first pretraining seed and the
 * first fine-tuning seed, then the best of them with every other pair of seeds.
 */
function addCell(
  setting: Setting,
  start: Initialization,
  dataset: string,
  add: (node: Omit<FinetuningNode, 'key'>, inputs: unknown) => FinetuningNode,
): void {
  const { config } = setting;
  const ids = nodeIds(config, setting);
  const { model, device, precision, finetuning } = config;
  const { seeds, learningRate, labelFraction, ...recipe } = finetuning;
  const rates = [learningRate].flat();
  const pretrainings = isPretrained(start) ? (start.seeds ?? [config.seed]) : [undefined];
  const folds = Array.from({ length: config.crossValidation?.folds ?? 1 }, (_, k) =>
    config.crossValidation ? k + 1 : undefined,
  );
  const pairs = pretrainings.flatMap((pretrainingSeed) =>
    seeds.flatMap((seed) => folds.map((fold) => ({ pretrainingSeed, seed, fold }))),
  );
  const { datasets: _, imageSizes: __, ...own } = start;
  const labels = labelFraction === 1 ? undefined : labelFraction;
  const inputs = { model, device, precision, recipe, labels, start: isPretrained(start) ? null : own };
  const candidates: string[] = [];
  for (const [i, { pretrainingSeed, seed, fold }] of pairs.entries()) {
    for (const rate of i === 0 ? rates : [rates.length > 1 ? null : rates[0]!]) {
      const { name: initialization } = start;
      const searched = i === 0 && rates.length > 1;
      const id = ids.finetuning({ dataset, initialization, pretrainingSeed, fold, seed, rate: searched ? rate : null });
      const pretrained = pretrainingSeed === undefined ? [] : [ids.pretraining(initialization, pretrainingSeed)];
      const titles = [
        `fine-tune ${initialization} on ${dataset}`,
        ...(pretrainings.length > 1 ? [`pretraining seed ${pretrainingSeed}`] : []),
        ...(fold === undefined ? [] : [`fold ${fold} of ${folds.length}`]),
        `seed ${seed}`,
        rate === null ? 'the best learning rate' : `learning rate ${rate}`,
        ...(setting.slug === '' ? [] : [setting.name]),
      ];
      const node = add(
        {
          id,
          kind: 'finetuning',
          title: titles.join(', '),
          needs: [ids.dataset(dataset), ...pretrained, ...(rate === null ? candidates : [])],
          threads: coresOn(device, recipe.threads),
          ...inSetting(setting),
          cell: ids.cell(dataset, initialization),
          dataset,
          initialization,
          ...(pretrainingSeed !== undefined && { pretrainingSeed }),
          seed,
          ...(fold !== undefined && { fold }),
          learningRate: rate,
        },
        { ...inputs, seed, rate, ...(fold !== undefined && { folds: folds.length }) },
      );
      if (searched) candidates.push(node.id);
    }
  }
}

/** Of what a network does. */
const coresOn = (device: string, threads: number): number => (device === 'cpu' ? threads : 0);

/** In the reference setting alone. */
function externalNodes(setting: Setting, nodes: readonly GraphNode[]): Omit<ExternalNode, 'key'>[] {
  const { config } = setting;
  const ids = nodeIds(config, setting);
  return trainingSets(config).flatMap(({ name: dataset }) =>
    startsOn(config, dataset).flatMap(({ name: initialization }) => {
      const cell = ids.cell(dataset, initialization);
      const runs = nodes.filter((node) => node.kind === 'finetuning' && node.cell === cell).map(({ id }) => id);
      const others = config.datasets.filter(({ name }) => name !== dataset).map(({ name }) => name);
      return others.map((testedOn) => ({
        id: ids.external(dataset, initialization, testedOn),
        kind: 'external' as const,
        title: `predict ${testedOn} with ${initialization} of ${dataset}`,
        needs: [ids.dataset(dataset), ids.dataset(testedOn), ...runs],
        threads: coresOn(config.device, config.finetuning.threads),
        ...inSetting(setting),
        cell,
        dataset,
        initialization,
        testedOn,
      }));
    }),
  );
}

type Pretrained = Extract<Initialization, { from: 'ssl' | 'supervised' }>;

export const isPretrained = (start: Initialization): start is Pretrained =>
  start.from === 'ssl' || start.from === 'supervised';

interface FinetuningName {
  dataset: string;
  initialization: string;
  pretrainingSeed: number | undefined;
  fold: number | undefined;
  seed: number;
  /** Where several are tried. */
  rate: number | null;
}

/** The ids of nodes. Names that differ in signs alone are told apart by a number. */
export function nodeIds(config: ExperimentConfig, { slug, values }: { slug: string; values: SettingValues }) {
  const datasets = slugs(config.datasets.map(({ name }) => name));
  const starts = slugs(config.initializations.map(({ name }) => name));
  const setting = slug === '' ? '' : `/${slug}`;
  const size = values.imageSize === undefined ? '' : `/${values.imageSize}px`;
  const pair = (dataset: string, initialization: string) => `${datasets.get(dataset)}/${starts.get(initialization)}`;
  const cell = (dataset: string, initialization: string) => `${pair(dataset, initialization)}${setting}`;
  return {
    dataset: (name: string) => `dataset/${datasets.get(name)}${size}`,
    data: (initialization: string) => `data/${starts.get(initialization)}`,
    pretraining: (initialization: string, seed: number) => `pretrain/${starts.get(initialization)}/seed-${seed}`,
    cell,
    finetuning: ({ dataset, initialization, pretrainingSeed, fold, seed, rate }: FinetuningName) =>
      [
        `finetune/${cell(dataset, initialization)}`,
        ...(pretrainingSeed === undefined ? [] : [`pretraining-${pretrainingSeed}`]),
        ...(fold === undefined ? [] : [`fold-${fold}`]),
        `seed-${seed}`,
        ...(rate === null ? [] : [`rate-${rate}`]),
      ].join('/'),
    external: (dataset: string, initialization: string, testedOn: string) =>
      `external/${pair(dataset, initialization)}/${datasets.get(testedOn)}`,
    test: (dataset: string) => `test/${datasets.get(dataset)}${setting}`,
    between: (dataset: string) => `test/${datasets.get(dataset)}/between-settings`,
  };
}

function slugs(names: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  return new Map(
    names.map((name) => {
      const plain = name.replace(/[^\w.-]+/g, '-');
      let slug = plain;
      for (let n = 2; taken.has(slug); n++) slug = `${plain}-${n}`;
      taken.add(slug);
      return [name, slug];
    }),
  );
}
