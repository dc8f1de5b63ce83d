/** Tensors from one JavaScript thread to another of the same process: the memory is shared, nothing is copied. */
import { native } from './binding.js';
import { Tensor } from './tensor.js';
import { adopt } from './tensor-base.js';

/**
 * A number that may be sent to another thread, which takes the tensor with it. Until then the memory is held, whatever becomes
 * of this tensor. Who writes while others read must see to it themselves that these wait.
 */
export const shareTensor = (tensor: Tensor): number => native().share(tensor.handle);

/**
 * The tensor that another thread shared, on the same memory, without its history: nothing flows back to that thread's
 * gradients. Throws an Error for a number that was taken before.
 */
export const takeTensor = (ticket: number): Tensor => adopt(new Tensor(native().take(ticket)));
