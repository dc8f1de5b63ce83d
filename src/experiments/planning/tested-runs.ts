import type { ExperimentContext } from '../parts/context.js';
import type { FinetuningNode } from '../parts/graph.js';

/** The fine-tunings that are tested: where learning rates are searched, the first one stands for the best. */
export function testedRuns({ graph, settings }: Pick<ExperimentContext, 'graph' | 'settings'>): FinetuningNode[] {
  return graph.flatMap((node) => {
    if (node.kind !== 'finetuning') return [];
    const { config } = settings.find(({ slug }) => slug === (node.setting ?? ''))!;
    const [first] = [config.finetuning.learningRate].flat();
    return node.learningRate === null || node.learningRate === first ? [node] : [];
  });
}
