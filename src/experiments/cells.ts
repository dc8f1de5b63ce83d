import { Diverged } from '../base/index.js';
import { datasetOfFold, foldsOf } from './data/folds.js';
import { datasetWithLabels } from './data/label-fraction.js';
import type { PreparedDataset } from './data/prepare.js';
import { type CellRuns, type FinetuneResult, finetune } from './finetuning/finetune.js';
import {
  allDiverged,
  bestOf,
  type Candidate,
  cellTitle,
  runDiverged,
  searchesLearningRate,
  trialOf,
} from './finetuning/learning-rates.js';
import type { ExperimentContext } from './parts/context.js';
import type { FinetuningNode, GraphNode } from './parts/graph.js';
import { type Start, type StartWeights, startIn } from './starts/start.js';

/** What the runs of a cell need of the run of the graph. */
export interface Nodes {
  readonly context: ExperimentContext;
  /** The run as a node sees it. */
  contextOf(node: GraphNode): ExperimentContext;
  /** Makes a node once, or finds it. */
  make(node: GraphNode): Promise<unknown>;
  dataset(name: string, context: ExperimentContext): Promise<PreparedDataset>;
  start(name: string): Promise<Start>;
  weights(name: string, pretrainingSeed: number | undefined): Promise<StartWeights>;
  /** The error of a node, as everything that needs it gets it. */
  failure(node: Pick<GraphNode, 'id' | 'title'>, error: unknown): unknown;
}

/** The fine-tunings of one initialization on one data set in one setting: the search for a learning rate, then every seed and fold with the best. */
export class Cells {
  private readonly bests = new Map<string, Promise<FinetuneResult>>();

  constructor(private readonly nodes: Nodes) {}

  async finetune(node: FinetuningNode): Promise<Candidate> {
    const { id, initialization, pretrainingSeed, seed, fold } = node;
    const context = this.nodes.contextOf(node);
    const { finetuning } = context.config;
    const all = await this.nodes.dataset(node.dataset, context);
    const cut = foldsOf(context.config, node.dataset);
    const whole = cut && fold !== undefined ? datasetOfFold(all, fold - 1, cut) : all;
    const dataset = datasetWithLabels(whole, finetuning.labelFraction, seed);
    const start = startIn(context.config, await this.nodes.weights(initialization, pretrainingSeed));
    const searches = searchesLearningRate(context.config);
    const isCandidate = searches && node.learningRate !== null;
    const learningRate = node.learningRate ?? (await this.best(node.cell)).learningRate;
    try {
      const result = await finetune(context, { node: id, dataset, start, seed, learningRate, isCandidate });
      return fold === undefined ? result : { ...result, fold };
    } catch (error) {
      throw error instanceof Diverged ? runDiverged(node, learningRate, error.at, searches) : error;
    }
  }

  /** Of all candidates of a cell. */
  private best(cell: string): Promise<FinetuneResult> {
    const known = this.bests.get(cell) ?? this.bestOnce(cell);
    this.bests.set(cell, known);
    return known;
  }

  private async bestOnce(cell: string): Promise<FinetuneResult> {
    const candidates = await this.candidates(cell);
    const best = bestOf(candidates);
    if (best) return best;
    const first = this.nodesOf(cell)[0]!;
    throw this.nodes.failure({ id: `finetune/${cell}`, title: cellTitle(first) }, allDiverged(first, candidates));
  }

  private candidates(cell: string): Promise<Candidate[]> {
    return this.runs<Candidate>(this.nodesOf(cell).filter(({ learningRate }) => learningRate !== null));
  }

  private nodesOf(cell: string): FinetuningNode[] {
    return this.nodes.context.graph.flatMap((node) => (node.kind === 'finetuning' && node.cell === cell ? [node] : []));
  }

  private runs<R>(nodes: readonly FinetuningNode[]): Promise<R[]> {
    return Promise.all(nodes.map((node) => this.nodes.make(node) as Promise<R>));
  }

  /** All runs of an initialization on a data set. */
  async runsOf(
    dataset: string,
    initialization: string,
    context: ExperimentContext = this.nodes.context.of(this.nodes.context.settings[0]),
  ): Promise<CellRuns> {
    const cell = context.ids.cell(dataset, initialization);
    const searches = searchesLearningRate(context.config);
    const search = searches ? await this.candidates(cell) : [];
    const best = searches ? await this.best(cell) : undefined;
    const others = this.nodesOf(cell).filter(({ learningRate }) => !searches || learningRate === null);
    const runs = [...(best ? [best] : []), ...(await this.runs<FinetuneResult>(others))];
    return {
      dataset: await this.nodes.dataset(dataset, context),
      start: await this.nodes.start(initialization),
      learningRate: runs[0]!.learningRate,
      search: search.map(trialOf),
      runs,
    };
  }
}
