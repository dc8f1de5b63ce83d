import type { StateDict } from '../torch/index.js';

/** The entries of several named states in one, as `<prefix>.<name>`. */
export function concatenatedState(states: Record<string, StateDict>): StateDict {
  const entries = Object.entries(states).flatMap(([prefix, state]) =>
    Object.entries(state).map(([name, tensor]) => [`${prefix}.${name}`, tensor] as const),
  );
  return Object.fromEntries(entries);
}

/** The state of one name, taken out of `concatenatedState`'s. */
export function ownState(prefix: string, state: StateDict): StateDict {
  const own = Object.entries(state).filter(([name]) => name.startsWith(`${prefix}.`));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]));
}
