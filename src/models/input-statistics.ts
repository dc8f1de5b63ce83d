/** Mean and standard deviation per channel that a network's input is brought to, for values 0..1. */
export interface InputStatistics {
  mean: readonly number[];
  std: readonly number[];
}

/** How published weights expect their images. */
export interface PublishedInput {
  /** null: the values 0..1 as they are. */
  statistics: InputStatistics | null;
  /** Side of the square input, in pixels. */
  size: number;
  interpolation: 'bilinear' | 'bicubic' | 'lanczos';
  /** Whether the centre is cut out of the resized image, or the whole image stretched to the square. */
  fit: 'crop' | 'stretch';
  /** The share of the resized image's shorter side that the centre crop keeps, 0..1; 1 where the image is stretched. */
  crop: number;
}

const IMAGENET: InputStatistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const HALF: InputStatistics = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** Statistics that people call by a name; 'none' leaves the values 0..1 as they are, as the study does. */
export const INPUT_STATISTICS: Readonly<Record<'none' | 'imagenet' | 'half', InputStatistics | null>> = {
  none: null,
  imagenet: IMAGENET,
  half: HALF,
};
