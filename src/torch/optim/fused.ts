import { native } from '../binding.js';
import { hasKernel } from '../runtime.js';
import type { Tensor } from '../tensor.js';

const LISTS = ['self', 'grads', 'exp_avgs', 'exp_avg_sqs', 'max_exp_avg_sqs', 'state_steps'] as const;
const NUMBERS = ['lr', 'beta1', 'beta2', 'weight_decay', 'eps'] as const;
const SWITCHES = ['amsgrad', 'maximize'] as const;
const ARGUMENTS: readonly string[] = [...LISTS, ...NUMBERS, ...SWITCHES];

type FusedArguments = Record<(typeof LISTS)[number], readonly Tensor[]> &
  Record<(typeof NUMBERS)[number], number> &
  Record<(typeof SWITCHES)[number], boolean>;
export type FusedAdam = (given: FusedArguments) => void;

const looked = new Map<string, FusedAdam | null>();

/**
 * A step of Adam as one operator over lists of tensors ('aten::_fused_adam_', 'aten::_fused_adamw_': on CUDA since
 * libtorch 2.0, on the processor since 2.4); null where this libtorch has none for the device, or one with other
 * arguments.
 */
export function fusedAdam(name: string, device: string): FusedAdam | null {
  const dispatchKey = device.split(':')[0]!.toUpperCase();
  const key = `${name} ${dispatchKey}`;
  if (!looked.has(key)) looked.set(key, hasKernel(name, dispatchKey) ? callerOf(name) : null);
  return looked.get(key)!;
}

/** Passes the arguments in the order of the operator's schema. */
function callerOf(name: string): FusedAdam | null {
  const number = native().findOperator(name, '');
  const declared = argumentsOf(native().schema(number));
  const names = declared.map((argument) => argument.name);
  const fits =
    ARGUMENTS.every((known) => names.includes(known)) &&
    declared.every((argument) => ARGUMENTS.includes(argument.name) || argument.hasDefault);
  if (!fits) return null;
  return (given) => {
    const values = names.map((each) => given[each as keyof FusedArguments]);
    native().call(
      number,
      ...values.map((value) => (typeof value === 'object' ? value.map((tensor) => tensor.handle) : value)),
    );
  };
}

function argumentsOf(schema: string): { name: string; hasDefault: boolean }[] {
  return schema
    .slice(schema.indexOf('(') + 1, schema.lastIndexOf(') ->'))
    .split(/, (?![^[]*\])/)
    .filter((argument) => argument !== '*')
    .map((argument) => ({ name: / (\w+)(=|$)/.exec(argument)![1]!, hasDefault: argument.includes('=') }));
}
