/**
 * Intensity and colour changes with a strength per image. `[B, C, H, W]`, 0..1; results are cut to 0..1. Formulas of
 * torchvision's `adjust_*` (`_functional_tensor.py`). Each overwrites its argument and returns it.
 */
import { scope, type Tensor, where } from '../torch/index.js';
import { perImage } from './batch.js';

/** Rec. 601 luma, 0.299 R + 0.587 G + 0.114 B, of `[B, 3, H, W]`; one channel is its own: `[B, 1, H, W]`. */
export function luma(x: Tensor): Tensor {
  if (x.size(1) === 1) return x.alias();
  return scope(() => {
    const [red, green, blue] = x.split(1, 1) as [Tensor, Tensor, Tensor];
    return red.mul(0.299).add_(green, 0.587).add_(blue, 0.114);
  });
}

/** `factor` x. */
export function changeBrightness(x: Tensor, factors: readonly number[]): Tensor {
  return scope(() => {
    x.mul_(perImage(factors, x)).clamp_(0, 1);
    return x;
  });
}

/** x spread by `factor` about the mean of its luma. */
export function changeContrast(x: Tensor, factors: readonly number[]): Tensor {
  return scope(() => blend_(x, luma(x).mean([1, 2, 3], true), factors));
}

/** Colours spread by `factor` about their luma; 0 gives gray. `[B, 3, H, W]`. */
export function changeSaturation(x: Tensor, factors: readonly number[]): Tensor {
  return scope(() => blend_(x, luma(x), factors));
}

/** factor x + (1 - factor) other. */
function blend_(x: Tensor, other: Tensor, factors: readonly number[]): Tensor {
  const rest = perImage(
    factors.map((factor) => 1 - factor),
    x,
  );
  return x.mul_(perImage(factors, x)).add_(other.mul(rest)).clamp_(0, 1);
}

/**
 * Hues turned by `shift` of the circle (-0.5..0.5), saturation and value as they are; `[B, 3, H, W]`. With value V,
 * chroma C and hue h in sixths, each channel is V - C max(0, min(k, 4 - k, 1)), k = (n + h) mod 6, n = 5, 3, 1 for
 * red, green, blue.
 */
export function changeHue(x: Tensor, shifts: readonly number[]): Tensor {
  return scope(() => {
    const value = x.amax(1, true); // [B, 1, H, W]
    const chroma = value.sub(x.amin(1, true));
    const hue = hueOf(x, value, chroma).add_(
      perImage(
        shifts.map((shift) => 6 * shift),
        x,
      ),
    );
    for (const [channel, n] of [5, 3, 1].entries()) {
      const k = hue.add(n);
      k.sub_(k.div(6).floor().mul_(6));
      const share = k.minimum(k.neg().add_(4)).clamp_(0, 1);
      x.narrow(1, channel, 1).copy_(value.sub(share.mul_(chroma)));
    }
    return x;
  });
}

/** Hue in sixths of the circle, -1..5, of `[B, 3, H, W]`: `[B, 1, H, W]`. Grays have some finite hue. */
function hueOf(x: Tensor, value: Tensor, chroma: Tensor): Tensor {
  const [red, green, blue] = x.split(1, 1) as [Tensor, Tensor, Tensor];
  const divisor = chroma.clamp(1e-12);
  const fromRed = green.sub(blue).div_(divisor);
  const fromGreen = blue.sub(red).div_(divisor).add_(2);
  const fromBlue = red.sub(green).div_(divisor).add_(4);
  return where(red.eq(value), fromRed, where(green.eq(value), fromGreen, fromBlue));
}
