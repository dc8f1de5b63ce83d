/** How a data set's test split is redrawn: the same for everything that is tested on it. */
export interface Redrawing {
  /** Patient number of each test row; undefined redraws images. */
  groups?: Int32Array;
  /** Strata of the test rows of which each is redrawn on its own; undefined: one. */
  drawnWithin?: Int32Array;
  redraws: number;
  seed: number;
  confidence: number;
}
