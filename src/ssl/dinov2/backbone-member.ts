/** Student and teacher in a thread of their own, on the memory of those that train (see `Backbones`). */
import { createBackbone, type ModelConfig, type VisionTransformer } from '../../models/index.js';
import {
  gradOf,
  type Precision,
  scope,
  setGeneratorState,
  setGrad,
  shareTensor,
  type Tensor,
  takeTensor,
  withoutInitialization,
} from '../../torch/index.js';
import type { CreateMember } from '../../training/index.js';
import { BackbonePart, type Part, type PartRows, type TokenGradients, type Tokens } from './backbone-part.js';

/** Tensors as they pass from thread to thread. */
export type Tickets<T> = { [name in keyof T]: number | null };

export interface BackboneMember {
  model: ModelConfig;
  precision: Precision;
  /** The parameters, in their order. */
  student: number[];
  teacher: number[];
}

export type BackboneRequest =
  | { type: 'look'; part: Tickets<Part>; rows: PartRows; generator: number }
  | { type: 'learn'; gradients: Tickets<TokenGradients> };

/** Of `look` the tokens, of `learn` the gradients of the student's parameters. */
export type BackboneReply = { tokens: Tickets<Tokens> } | { gradients: (number | null)[] };

export const shared = <T extends object>(tensors: T): Tickets<T> =>
  mapped(tensors, (tensor: Tensor | null) => tensor && shareTensor(tensor)) as Tickets<T>;

export const taken = <T extends object>(tickets: Tickets<T>): T =>
  mapped(tickets, (ticket: number | null) => (ticket === null ? null : takeTensor(ticket))) as T;

const mapped = <V>(record: object, change: (value: V) => unknown) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));

export const createMember: CreateMember<BackboneMember, BackboneRequest, BackboneReply> = (config) => {
  const { model, precision } = config;
  const student = onMemoryOf(model, config.student);
  const teacher = onMemoryOf(model, config.teacher).eval();
  for (const parameter of teacher.parameters()) parameter.requiresGrad_(false);
  const part = new BackbonePart(student, teacher, precision);
  return (request) =>
    scope(() => {
      if (request.type === 'look') {
        setGeneratorState(takeTensor(request.generator));
        return { tokens: shared(part.look(taken<Part>(request.part), request.rows)) };
      }
      part.learn(taken<TokenGradients>(request.gradients));
      const gradients = student.parameters().map((parameter) => {
        const gradient = gradOf(parameter);
        setGrad(parameter, null);
        return gradient && shareTensor(gradient);
      });
      return { gradients };
    });
};

function onMemoryOf(model: ModelConfig, parameters: readonly number[]): VisionTransformer {
  const backbone = withoutInitialization(() => createBackbone(model)) as VisionTransformer;
  scope(() => {
    const names = Object.keys(backbone.stateDict());
    backbone.assignStateDict(Object.fromEntries(names.map((name, i) => [name, takeTensor(parameters[i]!)])));
  });
  return backbone;
}
