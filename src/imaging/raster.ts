/**
 * sharp, set up once for this process, with the first image: threads that read none, as those that train, start in two thirds of the time.
 *
 * One libvips thread per image, many images at a time: sharp runs each call as one task of libuv's thread pool, so `n`
 * reads in flight use up to `UV_THREADPOOL_SIZE` (4 unless set) cores, without threads that wait on each other inside
 * an image. libvips' cache of operations is off: every image is read once per pass, and `ImageStore` holds what is
 * worth holding.
 */
import type { ResizeOptions, Sharp } from 'sharp';
import { messageOf } from '../base/index.js';
import { planar } from './channels.js';
import { type DecodedImage, RasterError } from './image.js';
import type { Target } from './target.js';

let loading: Promise<typeof import('sharp').default> | undefined;

function loadSharp() {
  loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  });
  return loading;
}

/**
 * Decodes PNG, JPEG, TIFF or WebP to the pixels as stored: 1-, 2- and 4-bit gray is expanded to 8 bits, palettes to
 * RGB, 16 bits are kept; of several pages the first is read, which `notes` says; an alpha channel is dropped, not
 * blended; embedded colour profiles and gamma are ignored, as in OpenCV and Pillow (the CMYK of a JPEG goes to RGB
 * through libvips' press profile); EXIF orientation is applied, so that the picture is the one that viewers show.
 * Truncated or damaged data is a RasterError, never gray filling; so are samples that are not 8- or 16-bit unsigned
 * gray or RGB, and an image of more than `pixelLimit` pixels, found from its header alone.
 *
 * With a `target`, an upright JPEG that has to be reduced 4 times or more comes at half its size, `halved`, by its own inverse DCT,
 * which takes half the time.
 */
export async function decodeRaster(bytes: Uint8Array, pixelLimit: number, target?: Target): Promise<DecodedImage> {
  const sharp = await loadSharp();
  try {
    const {
      width,
      height,
      space,
      depth,
      orientation = 1,
      format,
      pages = 1,
    } = await sharp(bytes, { limitInputPixels: false }).metadata();
    const pixels = width * height;
    if (pixels > pixelLimit) throw new RasterError(`${width} x ${height} pixels, over the limit of ${pixelLimit}`);
    if (depth !== 'uchar' && depth !== 'ushort') throw new RasterError(`pixels of type ${depth}`);
    const channels = channelsOf(space, format);
    const decoding = sharp(bytes, { limitInputPixels: pixelLimit, failOn: 'error', ignoreIcc: true })
      .autoOrient()
      .removeAlpha();
    const halved = format === 'jpeg' && orientation === 1 && target && isHalved(width, height, target);
    const sized = halved ? decoding.resize(Math.ceil(width / 2), Math.ceil(height / 2), HALVING) : decoding;
    const image = await pixelsOf(sized, channels, depth === 'ushort' ? 65535 : 255);
    if (halved) image.halved = true;
    return pages > 1 ? { ...image, notes: [`page 1 of ${pages}`] } : image;
  } catch (error) {
    if (error instanceof RasterError) throw error;
    const [firstLine] = messageOf(error).trim().split('\n');
    throw new RasterError(`truncated or damaged data (${firstLine})`);
  }
}

/** To half its size and no further, which libjpeg's inverse DCT of 4 x 4 makes: nothing is resampled. */
const HALVING: ResizeOptions = { fit: 'fill', fastShrinkOnLoad: true };

/** Whether a JPEG comes at half its size: where as much is left to reduce. */
function isHalved(width: number, height: number, { size, interpolation = 'lanczos', crop = 1 }: Target): boolean {
  return interpolation === 'lanczos' && Math.min(width, height) >= (4 * size) / crop;
}

function channelsOf(space: string, format: string): 1 | 3 {
  if (space === 'b-w' || space === 'grey16') return 1;
  if (space === 'srgb' || space === 'rgb16' || (space === 'cmyk' && format === 'jpeg')) return 3;
  throw new RasterError(`colours of the kind ${space}`);
}

/** Runs a pipeline to raw pixels in the colour space in which libvips leaves stored values untouched. */
async function pixelsOf(pipeline: Sharp, channels: 1 | 3, maximum: 255 | 65535): Promise<DecodedImage> {
  const wide = maximum === 65535;
  const space = channels === 1 ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb';
  const { data, info } = await pipeline
    .toColourspace(space)
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new RasterError(`${info.channels} channels where ${channels} were expected`);
  const pixels = wide
    ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
    : new Uint8Array(data.buffer, data.byteOffset, data.length);
  return { width: info.width, height: info.height, channels, maximum, data: planar(pixels, channels) };
}
