/** What the namings of DINOv3's vision transformer share that keep queries, keys and values apart or give keys no bias. */
import { cat } from '../../../torch/index.js';
import type { ModelConfig } from '../../config.js';
import type { Rule } from './naming.js';

/** The biases of queries and values and, between them, zeros for the keys. */
export const queryValueBias = (query: string, value: string): Rule => ({
  theirs: [query, value],
  ours: ['blocks.{i}.attn.qkv.bias'],
  read: ([q, v]) => [cat([q!, q!.zerosLike(), v!], 0)],
  write: ([bias]) => {
    const [q, , v] = bias!.chunk(3, 0);
    return [q!, v!];
  },
});

/** What they compute or know without storing it. Periods rounded to bfloat16 in a file of DINOv3 are lost on the way. */
export const WITHOUT_COUNTERPART = ['rope_embed.periods', 'blocks.{i}.attn.qkv.bias_mask'] as const;

/** Why a network of DINOv3's kind cannot be written under names that know neither biases of keys nor a second norm. */
export function refusesDinov3Vit(config: ModelConfig): string | undefined {
  if (config.architecture !== 'dinov3-vit') return undefined;
  if (config.keyBias) return 'its keys have a bias';
  if (config.untiedNorms) return 'its class token has a final norm of its own';
  return undefined;
}
