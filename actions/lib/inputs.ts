import { z } from 'zod';
import { parseSlate, type Slate } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';

export type InputSchema = z.ZodObject;

/** Reads the value of an input: `getInput` of the toolkit, which returns an empty string for an absent one. */
export type GetInput = (name: string) => string;

/** True when the value of an input must not be shown. */
export function isSecret(input: string): boolean {
  return /token|secret|key/.test(input);
}

/**
 * Reads the inputs of an action, once. An empty string means absent. Throws TIPOFF_BAD_INPUT with every problem at once;
 * the value seen is repeated unless the input holds a secret.
 */
export function readInputs<S extends InputSchema>(schema: S, getInput: GetInput): z.output<S> {
  const values = Object.keys(schema.shape).map((name) => [name, getInput(name)] as const);
  const given = Object.fromEntries(values.filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0] ?? 'inputs');
    const seen = given[name];
    const shown = seen === undefined ? 'nothing' : isSecret(name) ? 'a value that is not shown' : `"${seen}"`;
    return `${name}: ${issue.message}, saw ${shown}`;
  });
  throw new TipoffError('TIPOFF_BAD_INPUT', `the inputs are not right. ${problems.join('. ')}`, {
    hint: 'Correct them where the workflow is started, or under `with:` of the step; the README of the action lists what they take.',
    details: { problems },
  });
}

/** Optional text. */
export const text = () => z.string().optional();
/** Required text. */
export const requiredText = (what: string) => z.string({ error: `expected ${what}` });
/** `true` or `false`, nothing else. */
export const flag = (absent: boolean) =>
  z
    .enum(['true', 'false'], { error: 'expected true or false' })
    .default(absent ? 'true' : 'false')
    .transform((value) => value === 'true');
/** One word of a closed set. */
export const choice = <const T extends readonly [string, ...string[]]>(options: T, absent: T[number]) =>
  z.enum(options, { error: `expected one of ${options.join(', ')}` }).default(absent as never);
/** A number in a range. */
export const number = (absent: number, least: number, most: number) =>
  z
    .string()
    .default(String(absent))
    .refine((value) => /^\d+(\.\d+)?$/.test(value) && Number(value) >= least && Number(value) <= most, {
      error: `expected a number from ${least} to ${most}`,
    })
    .transform(Number);
/** A list of words from a closed set, separated by commas. */
export const words = (options: readonly string[], absent: string) =>
  z
    .string()
    .default(absent)
    .transform((value) => value.split(',').map((word) => word.trim()))
    .refine((list) => list.every((word) => options.includes(word)), {
      error: `expected a list of ${options.join(', ')}`,
    });

const slate = z.string().transform((value, context): Slate => {
  try {
    return parseSlate(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
    return z.NEVER;
  }
});
/** A date of games, YYYY-MM-DD. */
export const date = () => z.string({ error: 'expected a date, YYYY-MM-DD' }).pipe(slate);
export const optionalDate = () => slate.optional();

/** The inputs of a schema, for documents and tests: required, or the default as text (`''` when there is none). */
export function describeInputs(
  schema: InputSchema,
): Record<string, { readonly required: boolean; readonly default: string }> {
  return Object.fromEntries(
    Object.entries(schema.shape).map(([name, part]) => {
      const parsed = z.safeParse(part, undefined);
      return [name, { required: !parsed.success, default: absentText(part) }];
    }),
  );
}

/** The default of an absent input as text: the innermost default, before any transformation. */
function absentText(part: unknown): string {
  if (part instanceof z.ZodDefault) return String(part.def.defaultValue);
  if (part instanceof z.ZodPipe) return absentText(part.in);
  return '';
}
