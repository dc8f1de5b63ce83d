import type { FrozenNetwork } from './frozen-network.js';

/** `vit, 224 px, shorter side resized to 256, centre cut out (bicubic), values 0 to 1 (asked for)` */
export function describeNetwork({
  config,
  preprocessing,
  input,
  inputSource,
}: Pick<FrozenNetwork, 'config' | 'preprocessing' | 'input' | 'inputSource'>): string {
  const { size, channels, fit, crop, interpolation, minMax, equalize } = preprocessing;
  const ways = {
    stretch: 'stretched to the square',
    crop:
      crop === undefined
        ? 'shorter side resized, centre cut out'
        : `shorter side resized to ${Math.floor(size / crop + 1e-9)}, centre cut out`,
    pad: 'padded',
  };
  const statistics = input ? `mean ${input.mean.join(', ')}, std ${input.std.join(', ')}` : 'values 0 to 1';
  return [
    config.architecture,
    `${size} px`,
    `${ways[fit]} (${interpolation})`,
    ...(channels === 1 ? ['gray'] : []),
    ...(minMax ? ['min-max'] : []),
    ...(equalize ? ['equalized'] : []),
    `${statistics}${inputSource ? ` (${inputSource})` : ''}`,
  ].join(', ');
}
