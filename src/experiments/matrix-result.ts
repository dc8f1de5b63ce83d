import { factorValues } from './config/settings.js';
import type { ExperimentContext } from './parts/context.js';
import { madeOf } from './parts/failure.js';
import { trainingSets } from './parts/graph.js';
import type { MatrixResult, SettingResult } from './result/index.js';
import type { GraphRun } from './run-graph.js';

/** What was found in every setting of the matrix, and between them; what failed is left out. */
export async function matrixResult({ config, settings }: ExperimentContext, graph: GraphRun): Promise<MatrixResult> {
  const names = trainingSets(config).map(({ name }) => name);
  const found = settings.map(async (setting): Promise<SettingResult> => {
    const { made: tests } = await madeOf(names.map((name) => graph.evaluation(name, setting)));
    const { name, values } = setting;
    const cells = tests.flatMap((test) => test.cells);
    return {
      name,
      values,
      cells: cells.map(({ roc: _, precisionRecall: __, calibration: ___, ...cell }) => cell),
      comparisons: tests.flatMap(({ comparisons }) => comparisons),
    };
  });
  const between = settings.length > 1 ? names.map((name) => graph.betweenSettings(name)) : [];
  return {
    factors: factorValues(config).map(([factor, values]) => ({ factor, values })),
    settings: await Promise.all(found),
    comparisons: (await madeOf(between)).made.flat(),
  };
}
