import type { Random } from '../base/index.js';

/**
 * Draws the training seeds of a model with replacement, nested in the pretrainings that they start from: as many
 * pretrainings as there are, and within each one drawn, anew each time it is drawn, as many of its seeds as it has
 * (Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8; both levels with replacement).
 *
 * Let b be the variance between pretrainings and w that between the seeds of one; a mean over P pretrainings with S seeds
 * each has the variance b / P + w / (P S). Its redraws have (1 - 1/P) (b / P + w / (P S)) + (1 - 1/S) w / (P S) on
 * average: b comes out too small by the factor (P - 1) / P, as in any bootstrap of P values. With one pretraining only
 * its seeds are drawn: b is absent, and w too small by (S - 1) / S.
 */
export class SeedResampler {
  /** Weights `[seeds]` of the mean over all seeds, in which every pretraining counts the same. */
  readonly all: Float64Array;
  /** The seeds of each pretraining. */
  private readonly nested: number[][];
  private readonly drawn: Float64Array;
  private readonly pretrainings: readonly number[];

  /** `pretrainings` `[seeds]`: integers, equal for the seeds of one pretraining. */
  constructor(pretrainings: readonly number[]) {
    this.pretrainings = pretrainings;
    const seeds = [...pretrainings.keys()];
    this.nested = [...new Set(pretrainings)].map((own) => seeds.filter((seed) => pretrainings[seed] === own));
    this.all = this.shares(new Float64Array(seeds.length).fill(1));
    this.drawn = new Float64Array(seeds.length);
  }

  /** Weights `[seeds]` of the mean over a redraw. The array is valid until the next call. */
  draw(random: Random): Float64Array {
    const { nested, drawn } = this;
    drawn.fill(0);
    for (const only of nested) {
      const seeds = nested.length === 1 ? only : nested[random.integer(nested.length)]!;
      for (let i = 0; i < seeds.length; i++) drawn[seeds[random.integer(seeds.length)]!]!++;
    }
    return this.shares(drawn);
  }

  /** Weights `[seeds]` without each pretraining, or, where there is one, without each of its seeds. None without a single seed. */
  leaveOneOut(): Float64Array[] {
    const outer = this.nested.length > 1 ? this.nested : this.nested[0]!.map((seed) => [seed]);
    if (outer.length < 2) return [];
    return outer.map((left) => {
      const kept = [...this.pretrainings.keys()].filter((seed) => !left.includes(seed));
      const rest = new SeedResampler(kept.map((seed) => this.pretrainings[seed]!)).all;
      const weights = new Float64Array(this.pretrainings.length);
      for (const [i, seed] of kept.entries()) weights[seed] = rest[i]!;
      return weights;
    });
  }

  /** Turns how often each seed was drawn into its weight, in place. */
  private shares(times: Float64Array): Float64Array {
    for (const seeds of this.nested) for (const seed of seeds) times[seed]! /= this.nested.length * seeds.length;
    return times;
  }
}
