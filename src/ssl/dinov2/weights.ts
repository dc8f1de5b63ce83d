/** What a pretraining gives to others: its networks as files. */
import { join } from 'node:path';
import { type ModelConfig, saveBackbone } from '../../models/index.js';
import { scope, withoutInitialization, writePytorch } from '../../torch/index.js';
import { checkpointState, ownState } from '../../training/index.js';
import { Dinov2Network } from './network.js';
import type { Objective } from './student-teacher.js';

/** The teacher's backbone, which is the result. */
export const RESULT = 'backbone.safetensors';

/**
 * Writes the teacher's backbone and the student's as safetensors; and both with their heads as `torch.save` does, named and nested as the
 * original's teacher_checkpoint.pth (dinov2/train/train.py, do_test), for its own code (dinov2/utils/utils.py, load_pretrained_weights).
 * Each file is replaced at once.
 */
export function writeWeights(folder: string, networks: Record<'student' | 'teacher', Dinov2Network>): void {
  const { student, teacher } = networks;
  saveBackbone(teacher.backbone, join(folder, RESULT));
  saveBackbone(student.backbone, join(folder, 'student.safetensors'));
  writePytorch(join(folder, 'teacher_checkpoint.pth'), teacher.stateDict(), { key: 'teacher' });
  writePytorch(join(folder, 'student_checkpoint.pth'), student.stateDict(), { key: 'student' });
}

/** As `writeWeights`, of a training that was broken off: what its last checkpoint holds. Nothing where it has none. */
export function writeCheckpointWeights(folder: string, config: { model: ModelConfig; objective: Objective }): void {
  scope(() => {
    const state = checkpointState(folder);
    if (!state) return;
    const { head, ibotHead } = config.objective;
    const networkOf = (name: 'student' | 'teacher') => {
      const network = withoutInitialization(() => new Dinov2Network(config.model, head, ibotHead));
      network.assignStateDict(ownState(`networks.${name}`, state), 'checkpoint');
      return network;
    };
    const networks = { student: networkOf('student'), teacher: networkOf('teacher') };
    writeWeights(folder, networks);
    for (const network of Object.values(networks)) network.free();
  });
}
