/** External validation: the models of one data set predict the test split of another, as parts of the experiment. */
import { basename } from 'node:path';
import { seenRadiographs, sharedFindings } from '../../datasets/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import { type PreparedDataset, splitIndices } from '../data/prepare.js';
import type { ExperimentContext } from '../parts/context.js';
import { partOf } from '../parts/part.js';
import type { CellRuns, FinetuneResult } from './finetune.js';
import { predictImages } from './predict-images.js';

/** What the models of an initialization and a data set say about another data set's test split. */
export interface ExternalCell {
  initialization: string;
  trainedOn: string;
  runs: { pretrainingSeed?: number; seed: number; predictions: string }[];
  /** The findings that both have: column in the predictions, column in the labels of the tested data set. */
  shared: [trained: number, tested: number][];
  /** Of each test row, whether a radiograph of its patient trained or validated the models. */
  seen: boolean[];
  /** What cannot be known about that. */
  note?: string;
}

/** Lets every model of a cell predict the test split of another data set; none where they have no finding in common. */
export async function externalCell(
  context: ExperimentContext,
  node: string,
  { dataset: trained, start, runs }: CellRuns,
  tested: PreparedDataset,
): Promise<ExternalCell> {
  const { config, folder } = context;
  const shared = sharedFindings(trained.dataset.findings, tested.dataset.findings);
  const indices = splitIndices(tested, 'test');
  const rows = Array.from(indices, (index) => {
    const radiograph = tested.radiographs[index]!;
    const labels = new Float32Array(trained.findings.length).fill(Number.NaN);
    for (const [own, theirs] of shared) labels[own] = radiograph.labels[theirs]!;
    return { ...radiograph, labels };
  });
  const predict = async (run: FinetuneResult) => {
    const own = basename(run.folder);
    const key = { run: own, data: tested.fingerprint, device: config.device };
    const predictions = await predictImages(context, {
      node,
      part: partOf(folder, `${tested.name} by ${own}`, key),
      title: `${tested.name}: predicted by ${start.summary.name} of ${trained.name}`,
      run: run.folder,
      findings: trained.findings,
      images: tested.store,
      indices,
      rows,
    });
    const { pretrainingSeed, seed } = run;
    return { ...(pretrainingSeed !== undefined && { pretrainingSeed }), seed, predictions };
  };
  return {
    initialization: start.summary.name,
    trainedOn: trained.name,
    runs: shared.length > 0 ? await context.all(runs.map(predict)) : [],
    shared,
    ...seenIn(config, trained, tested, indices),
  };
}

function seenIn(
  { datasets }: ExperimentConfig,
  trained: PreparedDataset,
  tested: PreparedDataset,
  indices: Int32Array,
): Pick<ExternalCell, 'seen' | 'note'> {
  const sourceOf = ({ name }: PreparedDataset) => datasets.find((dataset) => dataset.name === name)!;
  const { seen, certain } = seenRadiographs(
    { ...sourceOf(trained), radiographs: trained.radiographs.filter(({ split }) => split !== 'test') },
    { ...sourceOf(tested), radiographs: Array.from(indices, (index) => tested.radiographs[index]!) },
  );
  if (certain) return { seen };
  const note = `both are of one publisher, who does not tell here which patients they share: the training may have seen some of them`;
  return { seen, note };
}
