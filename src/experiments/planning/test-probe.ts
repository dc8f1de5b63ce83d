/** How long a test takes: a few redraws of invented predictions of some of its radiographs, in a process of their own. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../base/index.js';
import { type Radiograph, SPLITS, type Split, sharedFindings } from '../../datasets/index.js';
import type { DatasetTables } from '../config/dataset-tables.js';
import type { ExperimentConfig } from '../config/schema.js';
import type { TestedDataset } from '../data/prepare.js';
import type { ExternalCell } from '../finetuning/external.js';
import type { FinetuneResult } from '../finetuning/finetune.js';
import { writePredictions } from '../finetuning/predictions.js';
import type { ExperimentContext } from '../parts/context.js';
import type { ExternalNode, FinetuningNode, TestNode } from '../parts/graph.js';
import { type DegradedRun, degradationsOf } from '../testing/degraded.js';
import type { TestedCell } from '../testing/evaluate.js';
import type { TestingInput } from '../testing/run-test.js';
import { probeTest } from './probe.js';
import { testedRuns } from './tested-runs.js';

/** Seconds of a test. */
export interface TestCost {
  /** Of the redraws of its models, which may take several threads. */
  models: number;
  /** Of the rest, in one thread. */
  rest: number;
}

/** Test radiographs that take part. */
const ROWS = 400;
const REDRAWS = 20;
/** Cells of the thumbnail. */
const CELLS = 256;

/** Measures a test with as many models and findings as it has, on some of its radiographs; what it takes goes with both. */
export async function measureTest(context: ExperimentContext, node: TestNode, seconds: number): Promise<TestCost> {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-plan-test-'));
  try {
    const { input, share } = new Invented(context, node, folder).test();
    const { start, few, more } = await probeTest(input, seconds);
    const { redraws } = context.config.statistics;
    const at = (which: 'models' | 'rest') => {
      const each = Math.max(0, (more[which] - few[which]) / (more.redraws - few.redraws));
      return Math.max(0, few[which] - each * few.redraws + each * redraws) / share;
    };
    return { models: at('models'), rest: at('rest') + start };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The input of a test, in a folder. */
class Invented {
  private readonly random = new Random(1);
  private readonly tables: DatasetTables;
  private readonly radiographs: Radiograph[];
  private readonly share: number;

  constructor(
    private readonly context: ExperimentContext,
    private readonly node: TestNode,
    private readonly folder: string,
  ) {
    const setting = context.settings.find(({ slug }) => slug === (node.setting ?? ''))!;
    this.tables = context.tables.get(context.of(setting).ids.dataset(node.dataset))!;
    const tested = this.tables.radiographs.filter((radiograph) => this.isTested(radiograph)).length;
    const stride = Math.max(1, Math.floor(tested / ROWS));
    const ofSplit = (split: Split) => this.tables.radiographs.filter((radiograph) => radiograph.split === split);
    this.radiographs = SPLITS.flatMap((split) => ofSplit(split).filter((_, i) => i % stride === 0));
    this.share = this.radiographs.filter((radiograph) => this.isTested(radiograph)).length / tested;
  }

  /** `share`: of the images that take part. */
  test(): { input: TestingInput; share: number } {
    const { context, node, share } = this;
    const { config } = context;
    const { smallestGroup, permutations, redraws } = config.statistics;
    const statistics = {
      ...config.statistics,
      redraws: REDRAWS,
      permutations: Math.round((permutations * REDRAWS) / redraws),
      smallestGroup: Math.max(1, Math.round(smallestGroup * share)),
    };
    const dataset = this.dataset();
    const isReference = (node.setting ?? '') === context.settings[0].slug;
    const cells = this.cells(dataset);
    const test = {
      config: { ...config, statistics },
      folder: this.folder,
      threads: 1,
      test: 'dataset' as const,
      dataset,
      cells,
      degraded: isReference && !config.crossValidation ? cells.flatMap((cell) => this.degraded(cell)) : [],
      external: this.external(),
      isReference,
    };
    return { input: test, share };
  }

  private isTested({ split }: Radiograph): boolean {
    return split === 'test' || this.context.config.crossValidation !== undefined;
  }

  private dataset(): TestedDataset {
    const { tables, radiographs, random } = this;
    const { name, findings, dataset } = tables;
    const [N, F] = [radiographs.length, findings.length];
    const values = (columns: number) => Float32Array.from({ length: N * columns }, () => random.uniform());
    const labels = new Float32Array(N * F);
    for (const [i, radiograph] of radiographs.entries()) labels.set(radiograph.labels, i * F);
    const { masks } = this.sourceOf(name);
    const pixels = { thumbnails: values(CELLS), statistics: values(2), borders: values(60) };
    return {
      name,
      dataset: { ...dataset, radiographs: [] },
      findings,
      radiographs,
      unreadable: [],
      labels,
      fingerprint: '',
      pixels,
      ...(masks !== undefined && { lungs: { lungOnly: values(CELLS), lungFree: values(CELLS) } }),
    };
  }

  private sourceOf(name: string): ExperimentConfig['datasets'][number] {
    return this.context.config.datasets.find((dataset) => dataset.name === name)!;
  }

  private cells(dataset: TestedDataset): TestedCell[] {
    const { dataset: name, setting } = this.node;
    const nodes = testedRuns(this.context).filter((run) => run.dataset === name && run.setting === setting);
    return [...new Set(nodes.map(({ initialization }) => initialization))].map((name) => ({
      dataset,
      start: { variants: [], summary: { name, kind: 'random' as const, description: '', network: '' } },
      learningRate: 0,
      search: [],
      runs: nodes.filter(({ initialization }) => initialization === name).map((run) => this.run(run)),
    }));
  }

  private run({ id, pretrainingSeed, seed, fold }: FinetuningNode): FinetuneResult {
    const folder = join(this.folder, id);
    this.predict(join(folder, 'predictions.csv'), this.rowsOf(fold));
    const nothing = { learningRate: 0, bestEpoch: 1, seconds: 0, imagesPerSecond: 0, curve: [] };
    const known = { ...(pretrainingSeed !== undefined && { pretrainingSeed }), ...(fold !== undefined && { fold }) };
    return { folder, seed, ...known, ...nothing };
  }

  /** Validation and test rows of a run, those of a fold in a cross-validation. */
  private rowsOf(fold: number | undefined): Radiograph[] {
    const { crossValidation } = this.context.config;
    if (!crossValidation || fold === undefined) return this.radiographs.filter(({ split }) => split !== 'train');
    const { folds } = crossValidation;
    const patients = [...new Set(this.radiographs.map(({ patient }) => patient))];
    const foldOf = new Map(patients.map((patient, i) => [patient, i % folds]));
    return this.radiographs.flatMap((radiograph): Radiograph[] => {
      const own = foldOf.get(radiograph.patient);
      if (own === fold - 1) return [{ ...radiograph, split: 'test' }];
      return own === fold % folds ? [{ ...radiograph, split: 'validate' }] : [];
    });
  }

  private predict(path: string, rows: readonly Radiograph[], findings = this.tables.findings): string {
    mkdirSync(join(path, '..'), { recursive: true });
    const probabilities = () => Float32Array.from(findings, () => this.random.uniform());
    writePredictions(
      path,
      findings,
      rows.map((radiograph) => ({ radiograph, probabilities: probabilities() })),
    );
    return path;
  }

  private degraded({ start, runs: [first] }: TestedCell): DegradedRun[] {
    const { folder, seed } = first!;
    const { name: initialization } = start.summary;
    const test = this.radiographs.filter(({ split }) => split === 'test');
    return degradationsOf(this.context.config, this.node.dataset).map((degradation) => ({
      initialization,
      degradation,
      description: '',
      run: { seed },
      plain: join(folder, 'predictions.csv'),
      predictions: this.predict(join(folder, `${degradation}.csv`), test),
    }));
  }

  private external(): ExternalCell[] {
    const { graph } = this.context;
    const test = this.radiographs.filter(({ split }) => split === 'test');
    const nodes = graph.filter((it): it is ExternalNode => it.kind === 'external' && this.node.needs.includes(it.id));
    return nodes.map(({ cell, dataset, initialization, id }) => {
      const trained = this.context.tables.get(this.context.ids.dataset(dataset))!;
      const shared = sharedFindings(trained.dataset.findings, this.tables.dataset.findings);
      const rows = test.map((radiograph) => {
        const labels = new Float32Array(trained.findings.length).fill(Number.NaN);
        for (const [own, theirs] of shared) labels[own] = radiograph.labels[theirs]!;
        return { ...radiograph, labels };
      });
      const runs = testedRuns(this.context)
        .filter((run) => run.cell === cell)
        .map(({ pretrainingSeed, seed }, i) => {
          const predictions = this.predict(join(this.folder, id, `${i}.csv`), rows, trained.findings);
          return { ...(pretrainingSeed !== undefined && { pretrainingSeed }), seed, predictions };
        });
      const seen = test.map(() => false);
      return { initialization, trainedOn: dataset, runs: shared.length > 0 ? runs : [], shared, seen };
    });
  }
}
