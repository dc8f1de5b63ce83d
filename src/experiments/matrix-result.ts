import { factorValues } from './config/settings.js';
import type { ExperimentContext } from './parts/context.js';
import { trainingSets } from './parts/graph.js';
import type { MatrixResult, SettingResult } from './result/index.js';
import type { GraphRun } from './run-graph.js';

/** What was found in every setting of the matrix, and between them. */
export async function matrixResult({ config, settings }: ExperimentContext, graph: GraphRun): Promise<MatrixResult> {
  const names = trainingSets(config).map(({ name }) => name);
  const found = settings.map(async (setting): Promise<SettingResult> => {
    const tests = await Promise.all(names.map((name) => graph.evaluation(name, setting)));
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
    comparisons: (await Promise.all(between)).flat(),
  };
}
