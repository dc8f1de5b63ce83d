/** The side of a pool's thread. */
import { parentPort } from 'node:worker_threads';
import { packError } from '../../base/index.js';
import { decodeBytes } from '../decode.js';
import { type DecodedImage, ImageError, nameOf } from '../image.js';
import { readEncoded } from '../part.js';
import type { Target } from '../target.js';
import type { Answer, PlainSource } from './messages.js';

/** A result, and the memory in it that is given away. */
export interface Served<Result> {
  result: Result;
  transfer?: ArrayBuffer[];
}

/** Answers this thread's requests, one after the other, in the order they come. */
export function serve<Request, Result>(answer: (request: Request) => Promise<Served<Result>>): void {
  const port = parentPort!;
  const send = (message: Answer<Result>, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const respond = async (request: Request) => {
    const { result, transfer } = await answer(request);
    send({ type: 'done', result }, transfer);
  };
  const fail = (error: unknown) => {
    const { image, reason, expected } = error instanceof ImageError ? error : {};
    const named = image !== undefined && reason !== undefined && expected !== undefined;
    send({ type: 'failed', error: packError(error), ...(named && { image: { image, reason, expected } }) });
  };
  let queue = Promise.resolve();
  port.on('message', (request: Request) => {
    queue = queue.then(() => respond(request)).catch(fail);
  });
  send({ type: 'ready' });
}

/** One file's bytes at a time, in memory that is used again; an image is done with them before the next is read. */
let memory = new Uint8Array(2 ** 20);
function room(bytes: number): Uint8Array {
  if (bytes > memory.length) memory = new Uint8Array(Math.ceil(bytes * 1.5));
  return memory.subarray(0, bytes);
}

/** Decodes the source as often as it is called; what is encoded is read once. */
export function decoderOf(source: PlainSource): (target?: Target) => Promise<DecodedImage> {
  if (source.kind === 'pixels') return async () => source.image;
  const bytes = readEncoded(source, room);
  return (target) => decodeBytes(nameOf(source), bytes, target);
}
