import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { Interrupted, inputError } from '../base/index.js';
import type { Radiograph } from '../datasets/index.js';
import { Cells, type Nodes } from './cells.js';
import type { DatasetTables } from './config/dataset-tables.js';
import type { Setting } from './config/settings.js';
import { foldsOf, tablesOfFold } from './data/folds.js';
import { lungThumbnails } from './data/lung-thumbnails.js';
import { requireMasks } from './data/masks.js';
import { type PreparedDataset, prepareDataset } from './data/prepare.js';
import { type ExternalCell, externalCell } from './finetuning/external.js';
import { requireTrainable } from './finetuning/finetuning-recipe.js';
import { type ExperimentContext, NotFinished } from './parts/context.js';
import { isDiskFull, madeOf, NodeFailure, Unfinished } from './parts/failure.js';
import type { DatasetNode, ExternalNode, GraphNode } from './parts/graph.js';
import { nodeStatusPath } from './parts/node-record.js';
import { markFailed } from './parts/running.js';
import type { SettingComparison } from './result/index.js';
import { type OpenStart, openStart, type Start, type StartWeights, startOf } from './starts/start.js';
import { TestNodes } from './test-nodes.js';
import type { DatasetTest } from './testing/run-test.js';

/**
 * Makes what the nodes of an experiment's graph stand for, each once, after what it needs. Where one fails, what needs it is not made,
 * and all else is.
 */
export class GraphRun implements Nodes {
  private readonly made = new Map<string, Promise<unknown>>();
  private readonly starts = new Map<string, Promise<OpenStart>>();
  private readonly cells = new Cells(this);
  private readonly tests = new TestNodes(this, this.cells);
  private readonly failed = new Map<string, NodeFailure>();

  constructor(readonly context: ExperimentContext) {}

  /** Makes everything that does not fail. Throws Interrupted where it was stopped, Unfinished where the disk is full. */
  async all(): Promise<void> {
    await this.settle(this.context.graph);
  }

  /** What has failed so far. */
  get failures(): NodeFailure[] {
    return [...this.failed.values()];
  }

  /** Makes a node, or finds it. */
  one(node: GraphNode): Promise<unknown> {
    return this.make(node).catch((error) => {
      throw error instanceof NodeFailure ? error.cause : error;
    });
  }

  /** Makes some nodes alone. Throws an InputError that names what they need and is not finished, Unfinished where some fail. */
  async only(ids: readonly string[]): Promise<void> {
    const nodes = ids.map((id) => this.context.graph.find((node) => node.id === id)!);
    await this.requireNeeds(nodes);
    await this.settle(nodes);
    if (this.failed.size > 0) throw new Unfinished(this.failures, undefined);
  }

  /** As a setting sees it; the reference unless given. */
  dataset(name: string, { ids }: ExperimentContext = this.context): Promise<PreparedDataset> {
    return this.node(ids.dataset(name)) as Promise<PreparedDataset>;
  }

  async start(name: string): Promise<Start> {
    const { graph } = this.context;
    const seeds = graph.flatMap((node) =>
      node.kind === 'pretraining' && node.initialization === name ? [node.pretrainingSeed] : [],
    );
    const variants = seeds.length > 0 ? seeds : [undefined];
    return startOf(await Promise.all(variants.map((seed) => this.weights(name, seed))));
  }

  /** Of a data set, in a setting. */
  evaluation(dataset: string, setting: Setting): Promise<DatasetTest> {
    return this.node(this.context.of(setting).ids.test(dataset)) as Promise<DatasetTest>;
  }

  /** Of a data set, between all settings. */
  betweenSettings(dataset: string): Promise<SettingComparison[]> {
    return this.node(this.context.ids.between(dataset)) as Promise<SettingComparison[]>;
  }

  /** The run as a node sees it. */
  contextOf({ setting }: GraphNode): ExperimentContext {
    const { context } = this;
    return context.of(context.settings.find(({ slug }) => slug === (setting ?? ''))!);
  }

  private node(id: string): Promise<unknown> {
    return this.make(this.context.graph.find((node) => node.id === id)!);
  }

  make(node: GraphNode): Promise<unknown> {
    const known = this.made.get(node.id) ?? this.attempt(node);
    this.made.set(node.id, known);
    return known;
  }

  private async attempt(node: GraphNode): Promise<unknown> {
    const { context } = this;
    if (context.mayRun(node.id)) rmSync(nodeStatusPath(context.folder, node.id), { force: true });
    try {
      return await this.makeOnce(node);
    } catch (error) {
      throw this.failure(node, error);
    }
  }

  /** The error of a node, as everything that needs it gets it; it is said and kept the first time. */
  failure({ id, title }: Pick<GraphNode, 'id' | 'title'>, error: unknown): unknown {
    const { context } = this;
    if (error instanceof Interrupted || error instanceof NodeFailure) return error;
    if (error instanceof NotFinished && !context.finishedOnly) return error;
    const failure = new NodeFailure(id, title, error);
    this.failed.set(id, failure);
    if (isDiskFull(error)) context.stop();
    else if (context.mayRun(id)) {
      context.progress.print(`failed: ${id}: ${failure.message}`);
      if (context.graph.some((node) => node.id === id)) markFailed(nodeStatusPath(context.folder, id), error);
    }
    return failure;
  }

  /** Waits for nodes, whether they fail or not. */
  private async settle(nodes: readonly GraphNode[]): Promise<void> {
    try {
      await madeOf(nodes.map((node) => this.make(node)));
    } catch (error) {
      if (error instanceof Interrupted && this.failures.some(isDiskFull))
        throw new Unfinished(this.failures, undefined);
      throw error;
    }
  }

  private async makeOnce(node: GraphNode): Promise<unknown> {
    const { records } = this.context;
    switch (node.kind) {
      case 'dataset': {
        const dataset = await this.prepare(node);
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
        const result = await this.cells.finetune(node);
        records.finished(node, result.learningRate);
        return result;
      }
      case 'external': {
        const predicted = await this.external(node);
        records.finished(node);
        return predicted;
      }
      case 'test':
        return node.between ? this.tests.betweenSettings(node) : this.tests.ofDataset(node);
    }
  }

  private async prepare(it: DatasetNode): Promise<PreparedDataset> {
    const { id: node, dataset: name } = it;
    const context = this.contextOf(it);
    const { config } = context;
    const { name: _, masks, role, ...source } = config.datasets.find((dataset) => dataset.name === name)!;
    if (role === 'external') return prepareDataset(context, name, source, { node, splits: ['test'] });
    const cut = foldsOf(config, name);
    const needsMasks = !cut && (it.setting ?? '') === context.settings[0].slug;
    const require = (tables: DatasetTables) => {
      if (needsMasks && masks !== undefined) requireMasks(name, resolve(context.dataRoot, masks), tables.radiographs);
      for (const { config } of context.settings) {
        if (!cut) requireTrainable(tables, config.finetuning);
        for (let fold = 0; fold < (cut?.folds ?? 0); fold++) {
          requireTrainable(tablesOfFold(tables, fold, cut!), config.finetuning);
        }
      }
    };
    const prepared = await prepareDataset(context, name, source, { node, require, ...(cut && { splits: [] }) });
    if (!needsMasks) return prepared;
    return { ...prepared, lungs: await lungThumbnails(context, prepared, { node, masks }) };
  }

  /** Opens an initialization once, for all that start from it. */
  private open(name: string): Promise<OpenStart> {
    const { context } = this;
    const node = context.graph.find(({ id }) => id === context.ids.data(name)) ?? {
      id: `weights/${name}`,
      title: `open the weights of ${name}`,
    };
    const open = () =>
      this.openOnce(name).catch((error) => {
        throw this.failure(node, error);
      });
    const known = this.starts.get(name) ?? open();
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
        // Every image of a cross-validation is tested on.
        const isTested = ({ split }: Radiograph) => split === 'test' || context.config.crossValidation !== undefined;
        for (const radiograph of radiographs) if (isTested(radiograph)) context.testImages.add(radiograph.path);
      }
    }
    return openStart(context, start);
  }

  async weights(name: string, pretrainingSeed: number | undefined): Promise<StartWeights> {
    if (pretrainingSeed === undefined) return (await this.open(name))();
    return this.node(this.context.ids.pretraining(name, pretrainingSeed)) as Promise<StartWeights>;
  }

  private async external({ id, dataset, initialization, testedOn }: ExternalNode): Promise<ExternalCell> {
    const cell = await this.cells.runsOf(dataset, initialization);
    return externalCell(this.context.of(this.context.settings[0]), id, cell, await this.dataset(testedOn));
  }

  private async requireNeeds(nodes: readonly GraphNode[]): Promise<void> {
    const { graph, only } = this.context;
    const missing = new Set<string>();
    for (const id of new Set(nodes.flatMap(({ needs }) => needs))) {
      if (only?.has(id)) continue;
      await this.one(graph.find((node) => node.id === id)!).catch((error) => {
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
