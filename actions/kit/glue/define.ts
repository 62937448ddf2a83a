import type { Action, AnyAction } from './action.ts';
import { type InputSchema, readInputs } from './inputs.ts';

/** Defines an action. `begin` reads the inputs, all problems in one error, and returns the work. */
export function defineAction<S extends InputSchema>(action: Action<S>): AnyAction {
  return {
    name: action.name,
    title: action.title,
    inputs: action.inputs,
    silentAfterHours: action.silentAfterHours,
    // Every action leaves its report for the step that posts it.
    outputs: { verdict: 'error', report: '', ...action.outputs },
    begin: (environment) => {
      const inputs = readInputs(action.inputs, environment);
      return (deps) => action.run(inputs, deps);
    },
  };
}
