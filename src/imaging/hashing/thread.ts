/** A thread of the HashPool. */
import type { PlainSource } from '../pool/messages.js';
import { decoderOf, serve } from '../pool/serve.js';
import { hashImage, type ImageHash } from './image-hash.js';

serve<PlainSource, ImageHash>(async (source) => {
  const hash = hashImage(await decoderOf(source)());
  return { result: hash, transfer: [hash.exact.buffer as ArrayBuffer] };
});
