import { z } from 'zod';

const blankIsAbsent = (value: unknown): unknown => (value === '' ? undefined : value);

/** One variable: its shape, what it does, and whether its value is a secret. A blank value counts as absent. */
export function setting<T extends z.ZodType>(type: T, description: string, more: { readonly secret?: true } = {}) {
  return z.preprocess(blankIsAbsent, type).meta({ description, ...more });
}
