export type Fit = 'stretch' | 'crop' | 'pad';

export const INTERPOLATIONS = ['lanczos', 'bicubic', 'bilinear'] as const;
/**
 * The kernel of resizing, as Pillow's: `lanczos` after averages of whole blocks (`reducing_gap`), which is quick; `bicubic` and
 * `bilinear` over all pixels, as the transforms of published networks have them.
 */
export type Interpolation = (typeof INTERPOLATIONS)[number];

/** A square of `size` pixels, and how an image is brought to it. */
export interface Target {
  size: number;
  fit: Fit;
  /** `lanczos` unless said. */
  interpolation?: Interpolation;
  /**
   * Of `crop`: the share of the resized image's shorter side that the centre keeps, 0..1 (timm's `crop_pct`): 0.875 brings the shorter
   * side to 256 and cuts out 224. 1 unless said.
   */
  crop?: number;
}
