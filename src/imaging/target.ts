export type Fit = 'stretch' | 'crop' | 'pad';

/** A square of `size` pixels, and how an image is brought to it. */
export interface Target {
  size: number;
  fit: Fit;
}
