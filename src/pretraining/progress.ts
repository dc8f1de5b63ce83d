import type { Metrics } from '../training/index.js';
import { type Measure, scoreText } from './labels.js';

/** Where a pretraining shows how far it is; the command line's progress lines fit. */
export interface ProgressSink {
  start(task: { name: string; total: number; unit: string; done?: number }): {
    update(done: number, note?: string): void;
    end(note?: string): void;
  };
  print(text: string): void;
}

const PARTS = { dinoGlobal: 'DINO', dinoLocal: 'local', ibot: 'iBOT', koleo: 'KoLeo', gram: 'Gram' } as const;

/** `loss 8.41 (DINO 1.2, local 4.8, iBOT 2.4, KoLeo 0.31), spread 0.62, prototypes 48 %` */
export function stepText(metrics: Metrics): string {
  const { loss = NaN, featureSpread = NaN, prototypesUsed = NaN } = metrics;
  const parts = Object.entries(PARTS).flatMap(([name, shown]) => {
    const value = metrics[name];
    return value === undefined ? [] : [`${shown} ${value.toPrecision(3)}`];
  });
  const used = `${Math.round(100 * prototypesUsed)} %`;
  return `loss ${loss.toFixed(3)} (${parts.join(', ')}), spread ${featureSpread.toFixed(2)}, prototypes ${used}`;
}

/**
 * `k-NN 41.2 %, linear probe 47.0 %, loss 8.41, …` of an epoch with an evaluation; before the training
 * `k-NN 30.6 % (random weights), raw pixels 29.8 %`. `start`: what the network begins with.
 */
export function epochText(metrics: Metrics, measure: Measure, start: string): string {
  const { knn = NaN, linear, knnPixels } = metrics;
  const score = (value: number) => scoreText(measure, value);
  return [
    `k-NN ${score(knn)}${metrics.loss === undefined ? ` (${start})` : ''}`,
    ...(linear === undefined ? [] : [`linear probe ${score(linear)}`]),
    ...(knnPixels === undefined ? [] : [`raw pixels ${score(knnPixels)}`]),
    ...(metrics.loss === undefined ? [] : [stepText(metrics)]),
  ].join(', ');
}
