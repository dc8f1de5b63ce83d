/** Student and teacher in a thread of their own, on the memory of those that train (see `StepParts`). */
import type { ModelConfig } from '../../models/index.js';
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
import type { HeadOptions } from './dino-head.js';
import { Dinov2Network } from './network.js';
import {
  type HeadPrototypes,
  type Lesson,
  type LessonLosses,
  type LessonOptions,
  type Part,
  type PartPlace,
  type Seen,
  StepPart,
} from './step-part.js';

/** Tensors as they pass from thread to thread. */
export type Tickets<T> = { [name in keyof T]: number | null };

export interface StepMember {
  model: ModelConfig;
  head: HeadOptions;
  ibotHead: HeadOptions | null;
  precision: Precision;
  /** The parameters, in their order. */
  student: number[];
  teacher: number[];
  prototypes: { student: Tickets<HeadPrototypes>; teacher: Tickets<HeadPrototypes> };
}

export type StepRequest =
  | { type: 'look'; part: Tickets<Part>; place: PartPlace; generator: number }
  | { type: 'learn'; lesson: Tickets<Lesson>; options: LessonOptions };

export type StepReply = {
  seen?: Tickets<Seen>;
  /** Gradients of the student's parameters, in their order, and of its prototypes. */
  learnt?: { losses: LessonLosses; gradients: (number | null)[]; prototypes: Tickets<HeadPrototypes> };
};

export const shared = <T extends object>(tensors: T): Tickets<T> =>
  mapped(tensors, (tensor: Tensor | null) => tensor && shareTensor(tensor)) as Tickets<T>;

export const taken = <T extends object>(tickets: Tickets<T>): T =>
  mapped(tickets, (ticket: number | null) => (ticket === null ? null : takeTensor(ticket))) as T;

const mapped = <V>(record: object, change: (value: V) => unknown) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));

export const createMember: CreateMember<StepMember, StepRequest, StepReply> = (config) => {
  const student = onMemoryOf(config, config.student);
  const teacher = onMemoryOf(config, config.teacher).eval();
  for (const parameter of teacher.parameters()) parameter.requiresGrad_(false);
  const prototypes = {
    student: kept(taken<HeadPrototypes>(config.prototypes.student)),
    teacher: kept(taken<HeadPrototypes>(config.prototypes.teacher)),
  };
  const part = new StepPart(student, teacher, prototypes, config.precision);
  return (request) =>
    scope(() => {
      if (request.type === 'look') {
        setGeneratorState(takeTensor(request.generator));
        return { seen: shared(part.look(taken<Part>(request.part), request.place)) };
      }
      const losses = part.learn(taken<Lesson>(request.lesson), request.options);
      const gradients = student.parameters().map((parameter) => {
        const gradient = gradOf(parameter);
        setGrad(parameter, null);
        return gradient && shareTensor(gradient);
      });
      return { learnt: { losses, gradients, prototypes: shared(part.prototypeGradients) } };
    });
};

function kept(prototypes: HeadPrototypes): HeadPrototypes {
  for (const each of Object.values(prototypes)) each.keep();
  return prototypes;
}

function onMemoryOf({ model, head, ibotHead }: StepMember, parameters: readonly number[]): Dinov2Network {
  const network = withoutInitialization(() => new Dinov2Network(model, head, ibotHead));
  scope(() => {
    const names = Object.keys(network.stateDict());
    network.assignStateDict(Object.fromEntries(names.map((name, i) => [name, takeTensor(parameters[i]!)])));
  });
  return network;
}
