import { ones, type Tensor, zeros } from '../tensor.js';
import { Module, ModuleBuffer, Parameter } from './module.js';

/**
 * Batch normalization over `[B, H, W]` of each channel (Ioffe and Szegedy, 2015; torch.nn.BatchNorm2d), `[B, C, H, W]`
 * to the same. In training it uses the batch's own statistics and moves the running ones by `momentum`.
 */
export class BatchNorm2d extends Module {
  readonly weight: Parameter; // [C]
  readonly bias: Parameter; // [C]
  readonly running_mean: ModuleBuffer; // [C]
  readonly running_var: ModuleBuffer; // [C]
  readonly num_batches_tracked: ModuleBuffer; // []

  constructor(
    channels: number,
    readonly eps = 1e-5,
    readonly momentum = 0.1,
  ) {
    super();
    this.weight = Parameter.of(ones([channels], 'float32'));
    this.bias = Parameter.of(zeros([channels], 'float32'));
    this.running_mean = ModuleBuffer.of(zeros([channels], 'float32'));
    this.running_var = ModuleBuffer.of(ones([channels], 'float32'));
    this.num_batches_tracked = ModuleBuffer.of(zeros([], 'int64'));
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, running_mean, running_var, training, momentum, eps } = this;
    if (training) this.num_batches_tracked.add_(1);
    return x.batchNorm(weight, bias, running_mean, running_var, training, momentum, eps, true);
  }
}
