import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const scalars = z.record(z.string(), scalar).default({});
const texts = z.record(z.string(), z.string()).default({});

const step = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  if: z.union([z.string(), z.boolean()]).optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  with: scalars,
  env: scalars,
  'working-directory': z.string().optional(),
  'continue-on-error': z.boolean().default(false),
});
export type Step = z.output<typeof step>;

const input = z.object({
  required: z.boolean().default(false),
  default: scalar.optional(),
  type: z.string().optional(),
  options: z.array(z.string()).optional(),
});
export type Input = z.output<typeof input>;

const job = z.object({
  name: z.string().optional(),
  needs: z
    .union([z.string().transform((one) => [one]), z.array(z.string())])
    .optional()
    .default([]),
  if: z.union([z.string(), z.boolean()]).optional(),
  env: scalars,
  environment: z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]).optional(),
  outputs: texts,
  strategy: z.object({ matrix: z.record(z.string(), z.array(scalar)).optional() }).optional(),
  /** Another workflow that is called in the place of steps. */
  uses: z.string().optional(),
  steps: z.array(step).default([]),
});
export type Job = z.output<typeof job>;

const workflow = z.object({
  name: z.string().optional(),
  on: z.unknown(),
  env: scalars,
  jobs: z.record(z.string(), job),
});
export type Workflow = z.output<typeof workflow>;

const action = z.object({
  name: z.string(),
  inputs: z.record(z.string(), input).default({}),
  outputs: z.record(z.string(), z.object({ value: z.string().optional() })).default({}),
  runs: z.object({ using: z.string(), main: z.string().optional(), steps: z.array(step).default([]) }),
});
export type ActionFile = z.output<typeof action>;

/** Reads a workflow. Throws TIPOFF_NOT_FOUND and TIPOFF_BAD_INPUT. */
export function readWorkflow(path: string): Workflow {
  return read(path, workflow);
}

/** Reads the action.yml of a folder. */
export function readAction(folder: string): ActionFile {
  return read(join(folder, 'action.yml'), action);
}

function read<S extends z.ZodType>(path: string, schema: S): z.output<S> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TipoffError('TIPOFF_NOT_FOUND', `there is no file ${path}`, {
      hint: 'Name a file relative to the root of the repository.',
      cause,
    });
  }
  const parsed = schema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new TipoffError('TIPOFF_BAD_INPUT', `${path}: ${z.prettifyError(parsed.error)}`, {
    hint: 'The pocket runner knows the parts of the language that this repository uses.',
  });
}

const triggers = z.union([
  z.string().transform((name): Record<string, unknown> => ({ [name]: null })),
  z
    .array(z.string())
    .transform((names): Record<string, unknown> => Object.fromEntries(names.map((name) => [name, null]))),
  z.record(z.string(), z.unknown()),
]);
const dispatch = z.object({ inputs: z.record(z.string(), input).default({}) }).nullish();

/** The events a workflow answers, with the inputs of a dispatch. */
export function eventsOf({ on }: Workflow): {
  readonly names: string[];
  readonly inputs: Readonly<Record<string, Input>>;
} {
  const all = triggers.parse(on);
  return { names: Object.keys(all), inputs: dispatch.parse(all['workflow_dispatch'])?.inputs ?? {} };
}
