/** A thread of the image pool: decodes and preprocesses one image after the other, in the order they come. */
import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { HilumError, messageOf, packError } from '../../base/index.js';
import { decodeBytes } from '../decode.js';
import { type DecodedImage, ImageError, nameOf } from '../image.js';
import { readEncoded } from '../part.js';
import { render } from '../render.js';
import type { Target } from '../target.js';
import type { Answer, Place, PlainSource, Request } from './messages.js';

const port = parentPort!;
const send = (answer: Answer, transfer: ArrayBuffer[] = []) => port.postMessage(answer, transfer);

/** One file's bytes at a time, in memory that is used again; an image is done with them before the next is read. */
let memory = new Uint8Array(2 ** 20);
function room(bytes: number): Uint8Array {
  if (bytes > memory.length) memory = new Uint8Array(Math.ceil(bytes * 1.5));
  return memory.subarray(0, bytes);
}

/** Decodes the source, as often as `render` wants it; its file is read once. */
function decoderOf(source: PlainSource): (target?: Target) => Promise<DecodedImage> {
  if (source.kind === 'pixels') return async () => source.image;
  const bytes = readEncoded(source, room);
  return (target) => decodeBytes(nameOf(source), bytes, target);
}

async function answer({ source, renditions, places }: Request): Promise<void> {
  const rendered = await render(decoderOf(source), renditions);
  if (places) {
    for (const [i, { pixels }] of rendered.entries()) write(pixels, places[i]!);
    send({ type: 'done', rendered: rendered.map(({ height, width }) => ({ height, width })) });
  } else {
    const transfer = rendered.map(({ pixels }) => pixels.buffer as ArrayBuffer);
    send({ type: 'done', rendered }, transfer);
  }
}

function write(pixels: Uint8Array | Uint16Array, { fd, position }: Place): void {
  const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
  } catch (error) {
    throw new HilumError(`preprocessed images cannot be written: ${messageOf(error)}`);
  }
}

function fail(error: unknown): void {
  const { image, reason, expected } = error instanceof ImageError ? error : {};
  const named = image !== undefined && reason !== undefined && expected !== undefined;
  send({ type: 'failed', error: packError(error), ...(named && { image: { image, reason, expected } }) });
}

let queue = Promise.resolve();
port.on('message', (request: Request) => {
  queue = queue.then(() => answer(request)).catch(fail);
});
send({ type: 'ready' });
