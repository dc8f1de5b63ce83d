import { foreachAdd_, foreachMul_, type Module, noGrad } from '../../torch/index.js';

/** Makes a network the teacher of another of the same shape: the same weights, which do not train, and no stochastic depth. */
export function becomeTeacher(teacher: Module, student: Module): void {
  teacher.loadStateDict(student.stateDict(), 'student');
  for (const parameter of teacher.parameters()) parameter.requiresGrad_(false);
  teacher.eval();
}

/** Exponential moving average: teacher = momentum * teacher + (1 - momentum) * student (SSLMetaArch.update_teacher). */
export function moveTeacher(teacher: Module, student: Module, momentum: number): void {
  noGrad(() => {
    const [theirs, ours] = [teacher.parameters(), student.parameters()];
    foreachMul_(theirs, momentum);
    foreachAdd_(theirs, ours, 1 - momentum);
  });
}
