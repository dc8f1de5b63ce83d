import type { JackknifeBlocks } from './jackknife.js';
import { LANES, Multiplicities } from './ranked-scores.js';
import { LaneMeasurer, METRICS, type Metric, type RankedModel, roomForValues } from './replicates.js';
import { meanOf, type Sampled } from './sampled.js';
import { SeedResampler } from './seed-resampling.js';

/** What the columns of a model's values are. */
export interface Columns {
  redraws: number;
  blocks?: JackknifeBlocks;
  /** Units of the test set. */
  units: number;
  /** Whether a finding has a positive and a negative, `[F]`: only such findings are in the means. */
  estimable: boolean[];
}

/** The statistics of a model whose replicates were measured. */
export class MeasuredModel {
  /** `[METRICS, F, 1 + seeds + left out]`: with all training seeds, with each alone, and without each, on the whole test set. */
  private readonly whole: RankedModel;
  private readonly leftOut: number;

  constructor(
    private readonly model: RankedModel,
    private readonly columns: Columns,
  ) {
    const { pretrainings } = model;
    const seeds = new SeedResampler(pretrainings);
    const alone = pretrainings.map((_, s) => Float64Array.from(pretrainings, (_, other) => (other === s ? 1 : 0)));
    const without = seeds.leaveOneOut();
    const weights = [seeds.all, ...alone, ...without];
    this.leftOut = without.length;
    this.whole = { ...model, values: roomForValues(columns.estimable.length, weights.length) };
    const once = new Uint16Array(columns.units).fill(1);
    const multiplicities = new Multiplicities(columns.units);
    for (let lane = 0; lane < LANES; lane++) multiplicities.set(lane, once);
    const measurer = new LaneMeasurer();
    for (let first = 0; first < weights.length; first += LANES) {
      measurer.measure(this.whole, multiplicities, weights.slice(first, first + LANES), first);
    }
  }

  statistic(metric: Metric, finding: number): Sampled {
    const { redraws, blocks } = this.columns;
    const whole = this.row(this.whole, metric, finding);
    const values = this.row(this.model, metric, finding);
    return {
      estimate: whole[0]!,
      redraws: values.subarray(0, redraws),
      jackknife: blocks && {
        units: blocks.ofStratum.map(([from, to]) => values.subarray(redraws + from, redraws + to)),
        seeds: [whole.subarray(whole.length - this.leftOut)],
      },
    };
  }

  /** Over the estimable findings. */
  mean(metric: Metric): Sampled {
    return meanOf(
      this.estimable().map((finding) => this.statistic(metric, finding)),
      this.columns.redraws,
    );
  }

  /** Mean AUROC of each training seed on the whole test set. */
  meanAurocOfSeed(): number[] {
    const aurocs = this.estimable().map((finding) => this.row(this.whole, 'auroc', finding));
    return this.model.pretrainings.map((_, s) => {
      const ofSeed = aurocs.map((values) => values[1 + s]!);
      return ofSeed.reduce((sum, value) => sum + value, 0) / ofSeed.length;
    });
  }

  private estimable(): number[] {
    const { estimable } = this.columns;
    return [...estimable.keys()].filter((finding) => estimable[finding]);
  }

  private row({ values }: RankedModel, metric: Metric, finding: number): Float64Array {
    const findings = this.columns.estimable.length;
    const columns = values.length / (METRICS.length * findings);
    const row = METRICS.indexOf(metric) * findings + finding;
    return values.subarray(row * columns, (row + 1) * columns);
  }
}
