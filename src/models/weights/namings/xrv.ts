import type { InputStatistics } from '../../input-statistics.js';

/**
 * torchxrayvision brings values 0..1 to -1024..1024: (2 x - 1) * 1024 (torchxrayvision/utils.py, normalize). One channel:
 * our networks take the mean of the colours, which in a gray image is the gray value.
 */
export const XRV_INPUT: InputStatistics = { mean: [0.5], std: [1 / 2048] };

/** Outputs of each of its classifiers (torchxrayvision/datasets.py, default_pathologies). */
export const XRV_FINDINGS = 18;
