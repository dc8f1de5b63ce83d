/** Schedules: the value at a step, 0..total-1. */
export type Schedule = (step: number) => number;

export const constant =
  (value: number): Schedule =>
  () =>
    value;

/**
 * Linear warm-up from `start` to `peak` in `warmup` steps, then half a cosine down to `end` at the last step
 * (DINOv2's CosineScheduler, dinov2/utils/utils.py; `frozen` first steps are 0).
 */
export function warmupCosine(options: {
  peak: number;
  end: number;
  total: number;
  warmup?: number;
  start?: number;
  frozen?: number;
}): Schedule {
  const { peak, end, total, warmup = 0, start = 0, frozen = 0 } = options;
  const steps = total - warmup - frozen;
  return (step) => {
    if (step < frozen) return 0;
    const warm = step - frozen;
    if (warm < warmup) return warmup === 1 ? start : start + ((peak - start) * warm) / (warmup - 1);
    if (step >= total) return end;
    return end + 0.5 * (peak - end) * (1 + Math.cos((Math.PI * (warm - warmup)) / steps));
  };
}
