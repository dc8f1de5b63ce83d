import type { Cells, Nodes } from './cells.js';
import { startsOn } from './config/settings.js';
import type { ExternalCell } from './finetuning/external.js';
import { madeOf, type NodeFailure } from './parts/failure.js';
import { type TestNode, trainingSets } from './parts/graph.js';
import { nodeStatusPath } from './parts/node-record.js';
import type { ProgressSink } from './parts/progress-sink.js';
import { markFailed, Running } from './parts/running.js';
import type { SettingComparison } from './result/index.js';
import type { DatasetTest } from './testing/run-test.js';
import type { SettingCell } from './testing/setting-comparisons.js';
import { testDataset, testSettings } from './testing/testing.js';

/** The tests of an experiment, each of what is there: where some runs fail, it has the others, and says what it lacks. */
export class TestNodes {
  constructor(
    private readonly nodes: Nodes,
    private readonly cells: Cells,
  ) {}

  async ofDataset(node: TestNode): Promise<DatasetTest> {
    const { id, dataset, needs, setting } = node;
    const context = this.nodes.contextOf(node);
    const { config, graph } = context;
    const isTrained = trainingSets(config).some(({ name }) => name === dataset);
    const starts = isTrained ? startsOn(config, dataset) : [];
    const prepared = await this.nodes.dataset(dataset, context);
    const { made: cells, failed } = await madeOf(starts.map(({ name }) => this.cells.runsOf(dataset, name, context)));
    const others = graph.filter((other) => other.kind === 'external' && needs.includes(other.id));
    const { made: external, failed: notPredicted } = await madeOf(
      others.map((other) => this.nodes.make(other) as Promise<ExternalCell>),
    );
    const missing = [...failed, ...notPredicted];
    if (missing.length > 0 && cells.length + external.length === 0) throw missing[0];
    const isReference = (setting ?? '') === context.settings[0].slug;
    context.throwIfStopped();
    context.progress.print(`testing: ${dataset}${setting === undefined ? '' : `, ${setting}`}`);
    const input = { dataset: prepared, cells, external, isReference, setting };
    return this.tested(id, missing, (progress) => testDataset(context, input, progress));
  }

  async betweenSettings({ id, dataset }: TestNode): Promise<SettingComparison[]> {
    const { context } = this.nodes;
    const { made: cells, failed } = await madeOf(
      context.settings.flatMap((setting) => {
        const own = context.of(setting);
        return startsOn(setting.config, dataset).map(async ({ name }): Promise<SettingCell> => {
          const { runs } = await this.cells.runsOf(dataset, name, own);
          return { setting, initialization: name, runs };
        });
      }),
    );
    if (failed.length > 0 && cells.length === 0) throw failed[0];
    context.throwIfStopped();
    context.progress.print(`comparing settings: ${dataset}`);
    return this.tested(id, failed, (progress) => testSettings(context, dataset, cells, progress));
  }

  /** Says that a test runs, and what it had to do without. */
  private async tested<T>(
    id: string,
    missing: readonly NodeFailure[],
    work: (progress: ProgressSink) => Promise<T>,
  ): Promise<T> {
    const { context } = this.nodes;
    const path = nodeStatusPath(context.folder, id);
    const running = new Running(path, context.progress);
    try {
      return await work(running.progress);
    } finally {
      running.end();
      if (missing.length > 0) markFailed(path, `made without what needs ${missing.map((it) => it.id).join(', ')}`);
    }
  }
}
