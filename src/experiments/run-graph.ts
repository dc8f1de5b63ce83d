import { inputError } from '../base/index.js';
import { type ExperimentContext, NotFinished } from './context.js';
import type { DatasetEvaluation } from './evaluate.js';
import { type CellRuns, type FinetuneResult, finetune, validationAuroc } from './finetune.js';
import { requireTrainable } from './finetuning-recipe.js';
import type { FinetuningNode, GraphNode, TestNode } from './graph.js';
import { testStatusPath } from './node-record.js';
import { type PreparedDataset, prepareDataset } from './prepare.js';
import { Running } from './running.js';
import { type OpenStart, openStart, type Start, type StartWeights, startOf } from './start.js';
import { testDataset } from './testing.js';

/** Makes what the nodes of an experiment's graph stand for, each once, after what it needs. */
export class GraphRun {
  private readonly made = new Map<string, Promise<unknown>>();
  private readonly starts = new Map<string, Promise<OpenStart>>();

  constructor(readonly context: ExperimentContext) {}

  /** Makes everything. Throws an InputError or Interrupted; what else runs then stops at its next checkpoint. */
  async all(): Promise<void> {
    await this.context.all(this.context.graph.map((node) => this.make(node)));
  }

  /** Makes a node, or finds it. */
  one(node: GraphNode): Promise<unknown> {
    return this.make(node);
  }

  /** Makes some nodes alone. Throws an InputError that names what they need and is not finished. */
  async only(ids: readonly string[]): Promise<void> {
    const nodes = ids.map((id) => this.context.graph.find((node) => node.id === id)!);
    await this.requireNeeds(nodes);
    await this.context.all(nodes.map((node) => this.make(node)));
  }

  dataset(name: string): Promise<PreparedDataset> {
    return this.node(this.context.ids.dataset(name)) as Promise<PreparedDataset>;
  }

  async start(name: string): Promise<Start> {
    const { graph } = this.context;
    const seeds = graph.flatMap((node) =>
      node.kind === 'pretraining' && node.initialization === name ? [node.pretrainingSeed] : [],
    );
    const variants = seeds.length > 0 ? seeds : [undefined];
    return startOf(await Promise.all(variants.map((seed) => this.weights(name, seed))));
  }

  evaluation(dataset: string): Promise<DatasetEvaluation> {
    return this.node(this.context.ids.test(dataset)) as Promise<DatasetEvaluation>;
  }

  private node(id: string): Promise<unknown> {
    return this.make(this.context.graph.find((node) => node.id === id)!);
  }

  private make(node: GraphNode): Promise<unknown> {
    const known = this.made.get(node.id) ?? this.makeOnce(node);
    this.made.set(node.id, known);
    return known;
  }

  private async makeOnce(node: GraphNode): Promise<unknown> {
    const { records } = this.context;
    switch (node.kind) {
      case 'dataset': {
        const dataset = await this.prepare(node.dataset);
        records.finished(node);
        return dataset;
      }
      case 'pretraining data': {
        const opened = await this.open(node.initialization);
        records.finished(node);
        return opened;
      }
      case 'pretraining': {
        const open = await this.open(node.initialization);
        const weights = await open(node.pretrainingSeed);
        records.finished(node);
        return weights;
      }
      case 'finetuning': {
        const result = await this.finetune(node);
        records.finished(node, result.learningRate);
        return result;
      }
      case 'test':
        return this.test(node);
    }
  }

  private async prepare(name: string): Promise<PreparedDataset> {
    const { context } = this;
    const { config } = context;
    const { name: _, masks: __, ...source } = config.datasets.find((dataset) => dataset.name === name)!;
    const node = context.ids.dataset(name);
    return prepareDataset(context, name, source, node, (tables) => requireTrainable(tables, config.finetuning));
  }

  /** Opens an initialization once, for all that start from it. */
  private open(name: string): Promise<OpenStart> {
    const known = this.starts.get(name) ?? this.openOnce(name);
    this.starts.set(name, known);
    return known;
  }

  private async openOnce(name: string): Promise<OpenStart> {
    const { context } = this;
    const { datasets, initializations } = context.config;
    const start = initializations.find((initialization) => initialization.name === name)!;
    if ('radiographs' in start && start.radiographs) {
      for (const dataset of datasets) {
        const { radiographs } = await this.dataset(dataset.name);
        for (const { split, path } of radiographs) if (split === 'test') context.testImages.add(path);
      }
    }
    return openStart(context, start);
  }

  private async weights(name: string, pretrainingSeed: number | undefined): Promise<StartWeights> {
    if (pretrainingSeed === undefined) return (await this.open(name))();
    return this.node(this.context.ids.pretraining(name, pretrainingSeed)) as Promise<StartWeights>;
  }

  private async finetune(node: FinetuningNode): Promise<FinetuneResult> {
    const { id, initialization, pretrainingSeed, seed } = node;
    const dataset = await this.dataset(node.dataset);
    const start = await this.weights(initialization, pretrainingSeed);
    const learningRate = node.learningRate ?? (await this.best(node.cell)).learningRate;
    return finetune(this.context, { node: id, dataset, start, seed, learningRate });
  }

  /** The candidate of a cell with the best AUROC on validation; the first one of equals. */
  private async best(cell: string): Promise<FinetuneResult> {
    const candidates = await this.runsOf(cell, ({ learningRate }) => learningRate !== null);
    return candidates.reduce((a, b) => ((validationAuroc(b) ?? -1) > (validationAuroc(a) ?? -1) ? b : a));
  }

  private runsOf(cell: string, which: (node: FinetuningNode) => boolean): Promise<FinetuneResult[]> {
    const nodes = this.context.graph.filter((node) => node.kind === 'finetuning' && node.cell === cell && which(node));
    return Promise.all(nodes.map((node) => this.make(node) as Promise<FinetuneResult>));
  }

  /** All runs of an initialization on a data set. */
  private async cellRuns(dataset: string, initialization: string): Promise<CellRuns> {
    const cell = this.context.ids.cell(dataset, initialization);
    const searches = [this.context.config.finetuning.learningRate].flat().length > 1;
    const search = searches ? await this.runsOf(cell, ({ learningRate }) => learningRate !== null) : [];
    const runs = await this.runsOf(cell, ({ learningRate }) => !searches || learningRate === null);
    const best = await (searches ? this.best(cell) : runs[0]!);
    return {
      dataset: await this.dataset(dataset),
      start: await this.start(initialization),
      learningRate: best.learningRate,
      search: search.map((run) => ({ learningRate: run.learningRate, validationAuroc: validationAuroc(run) })),
      runs: searches ? [best, ...runs] : runs,
    };
  }

  private async test({ id, dataset }: TestNode): Promise<DatasetEvaluation> {
    const { context } = this;
    const cells = await Promise.all(context.config.initializations.map(({ name }) => this.cellRuns(dataset, name)));
    context.throwIfStopped();
    context.progress.print(`testing: ${dataset}, paired bootstrap, shortcuts`);
    const running = new Running(testStatusPath(context.folder, id), context.progress);
    try {
      return await testDataset(context, cells);
    } finally {
      running.end();
    }
  }

  private async requireNeeds(nodes: readonly GraphNode[]): Promise<void> {
    const { graph, only } = this.context;
    const missing = new Set<string>();
    for (const id of new Set(nodes.flatMap(({ needs }) => needs))) {
      if (only?.has(id)) continue;
      await this.make(graph.find((node) => node.id === id)!).catch((error) => {
        if (!(error instanceof NotFinished)) throw error;
        missing.add(error.node);
      });
    }
    if (missing.size === 0) return;
    const what = nodes.map(({ id }) => id).join(', ');
    const found = `needs that are not finished: ${[...missing].join(', ')}`;
    throw inputError({ what, found, expected: 'every part that it needs', fix: 'Run these first, with --only.' });
  }
}
