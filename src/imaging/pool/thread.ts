/** A thread of the ImagePool: decodes and preprocesses images. */
import { writeSync } from 'node:fs';
import { HilumError, messageOf } from '../../base/index.js';
import { type Rendered, render } from '../render.js';
import type { Place, Request, Written } from './messages.js';
import { decoderOf, serve } from './serve.js';

serve<Request, readonly (Rendered | Written)[]>(async ({ source, renditions, places }) => {
  const rendered = await render(decoderOf(source), renditions);
  if (!places) return { result: rendered, transfer: rendered.map(({ pixels }) => pixels.buffer as ArrayBuffer) };
  for (const [i, { pixels }] of rendered.entries()) write(pixels, places[i]!);
  return { result: rendered.map(({ height, width }) => ({ height, width })) };
});

function write(pixels: Uint8Array | Uint16Array, { fd, position }: Place): void {
  const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
  } catch (error) {
    throw new HilumError(`preprocessed images cannot be written: ${messageOf(error)}`);
  }
}
