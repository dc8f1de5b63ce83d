/** What an experiment consists of, from its configuration alone: nodes that can run apart, and what each of them needs. */
import { contentHash, packageVersion } from '../base/index.js';
import type { ExperimentConfig, Initialization } from './schema.js';

export type NodeKind = GraphNode['kind'];

interface AnyNode {
  /** Unique, of letters, digits, `.`, `_`, `-` and `/`. */
  id: string;
  /** For people. */
  title: string;
  /** Nodes that must be finished before this one begins; they stand before it in the graph. */
  needs: readonly string[];
  /** Cores that it keeps busy. */
  threads: number;
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
  /** Null: the best of the cell's candidates. */
  learningRate: number | null;
}

/** Compares all initializations on a data set's test split. Made anew with the report, never kept as a part. */
export interface TestNode extends AnyNode {
  kind: 'test';
  dataset: string;
}

export type GraphNode = DatasetNode | PretrainingDataNode | PretrainingNode | FinetuningNode | TestNode;

/** The nodes of an experiment; each stands after those that it needs. */
export function experimentGraph(config: ExperimentConfig): GraphNode[] {
  const nodes = new Map<string, GraphNode>();
  const add = <N extends GraphNode>(node: Omit<N, 'key'>, inputs: unknown): N => {
    const needs = node.needs.map((id) => nodes.get(id)!.key);
    const whole = { ...node, key: contentHash({ version: packageVersion(), id: node.id, inputs, needs }) } as N;
    nodes.set(node.id, whole);
    return whole;
  };
  const ids = nodeIds(config);
  const { seed, device, precision, model, preprocessing } = config;
  for (const source of config.datasets) {
    const { name: dataset } = source;
    const inputs = { source: { ...source, masks: undefined }, seed, preprocessing, imageSize: model.imageSize };
    const title = `read ${dataset}`;
    add<DatasetNode>({ id: ids.dataset(dataset), kind: 'dataset', title, needs: [], threads: 0, dataset }, inputs);
  }
  for (const start of config.initializations) {
    if (!isPretrained(start)) continue;
    const { name: initialization, seeds = [seed] } = start;
    const id = ids.data(initialization);
    // No pretraining sees a radiograph that any data set tests on.
    const needs = start.radiographs ? config.datasets.map(({ name }) => ids.dataset(name)) : [];
    const title = `read images of ${initialization}`;
    const inputs = { start: { ...start, seeds: null }, seed, preprocessing, imageSize: model.imageSize };
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
        threads,
        initialization,
        pretrainingSeed,
      } as const;
      add<PretrainingNode>(node, { model, device, precision, pretrainingSeed });
    }
  }
  for (const start of config.initializations) {
    for (const { name } of config.datasets) addCell(config, start, name, (node, inputs) => add(node, inputs));
  }
  for (const { name: dataset } of config.datasets) {
    const runs = [...nodes.values()].filter((node) => node.kind === 'finetuning' && node.dataset === dataset);
    const needs = [ids.dataset(dataset), ...runs.map(({ id }) => id)];
    const test = {
      id: ids.test(dataset),
      kind: 'test',
      title: `test on ${dataset}`,
      needs,
      threads: 1,
      dataset,
    } as const;
    add<TestNode>(test, config.statistics);
  }
  return [...nodes.values()];
}

/**
 * The fine-tunings of one initialization on one data set: every learning rate with the first pretraining seed and the
 * first fine-tuning seed, then the best of them with every other pair of seeds.
 */
function addCell(
  config: ExperimentConfig,
  start: Initialization,
  dataset: string,
  add: (node: Omit<FinetuningNode, 'key'>, inputs: unknown) => FinetuningNode,
): void {
  const ids = nodeIds(config);
  const { model, device, precision, finetuning } = config;
  const { seeds, learningRate, ...recipe } = finetuning;
  const rates = [learningRate].flat();
  const pretrainings = isPretrained(start) ? (start.seeds ?? [config.seed]) : [undefined];
  const pairs = pretrainings.flatMap((pretrainingSeed) => seeds.map((seed) => ({ pretrainingSeed, seed })));
  const inputs = { model, device, precision, recipe, start: isPretrained(start) ? null : start };
  const candidates: string[] = [];
  for (const [i, { pretrainingSeed, seed }] of pairs.entries()) {
    for (const rate of i === 0 ? rates : [rates.length > 1 ? null : rates[0]!]) {
      const { name: initialization } = start;
      const searched = i === 0 && rates.length > 1;
      const id = ids.finetuning({ dataset, initialization, pretrainingSeed, seed, rate: searched ? rate : null });
      const pretrained = pretrainingSeed === undefined ? [] : [ids.pretraining(initialization, pretrainingSeed)];
      const titles = [
        `fine-tune ${initialization} on ${dataset}`,
        ...(pretrainings.length > 1 ? [`pretraining seed ${pretrainingSeed}`] : []),
        `seed ${seed}`,
        rate === null ? 'the best learning rate' : `learning rate ${rate}`,
      ];
      const node = add(
        {
          id,
          kind: 'finetuning',
          title: titles.join(', '),
          needs: [ids.dataset(dataset), ...pretrained, ...(rate === null ? candidates : [])],
          threads: recipe.threads,
          cell: ids.cell(dataset, initialization),
          dataset,
          initialization,
          ...(pretrainingSeed !== undefined && { pretrainingSeed }),
          seed,
          learningRate: rate,
        },
        { ...inputs, seed, rate },
      );
      if (searched) candidates.push(node.id);
    }
  }
}

type Pretrained = Extract<Initialization, { from: 'ssl' | 'supervised' }>;

export const isPretrained = (start: Initialization): start is Pretrained =>
  start.from === 'ssl' || start.from === 'supervised';

interface FinetuningName {
  dataset: string;
  initialization: string;
  pretrainingSeed: number | undefined;
  seed: number;
  /** Where several are tried. */
  rate: number | null;
}

/** The ids of nodes. Names that differ in signs alone are told apart by a number. */
export function nodeIds(config: ExperimentConfig) {
  const datasets = slugs(config.datasets.map(({ name }) => name));
  const starts = slugs(config.initializations.map(({ name }) => name));
  const cell = (dataset: string, initialization: string) => `${datasets.get(dataset)}/${starts.get(initialization)}`;
  return {
    dataset: (name: string) => `dataset/${datasets.get(name)}`,
    data: (initialization: string) => `data/${starts.get(initialization)}`,
    pretraining: (initialization: string, seed: number) => `pretrain/${starts.get(initialization)}/seed-${seed}`,
    cell,
    finetuning: ({ dataset, initialization, pretrainingSeed, seed, rate }: FinetuningName) =>
      [
        `finetune/${cell(dataset, initialization)}`,
        ...(pretrainingSeed === undefined ? [] : [`pretraining-${pretrainingSeed}`]),
        `seed-${seed}`,
        ...(rate === null ? [] : [`rate-${rate}`]),
      ].join('/'),
    test: (dataset: string) => `test/${datasets.get(dataset)}`,
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
