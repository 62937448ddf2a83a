import { TipoffError } from '#core/errors.ts';
import type { Input } from './documents.ts';

/**
 * The inputs of a dispatch, validated as GitHub does: required ones are present, choices are among the options, booleans are
 * booleans, and there are no undeclared inputs.
 */
export function dispatchInputs(
  declared: Readonly<Record<string, Input>>,
  given: Readonly<Record<string, string>>,
): Record<string, string | boolean | number> {
  const problems = Object.keys(given).flatMap((name) =>
    Object.hasOwn(declared, name) ? [] : [`there is no input ${name}`],
  );
  const values: Record<string, string | boolean | number> = {};
  for (const [name, { required, default: absent, type, options }] of Object.entries(declared)) {
    const text = given[name] ?? (absent === undefined || absent === null ? '' : String(absent));
    if (required && text === '') problems.push(`${name} is required`);
    if (type === 'choice' && options?.includes(text) !== true)
      problems.push(`${name}: expected one of ${options?.join(', ') ?? 'nothing'}, saw "${text}"`);
    if (type === 'boolean' && !['true', 'false', ''].includes(text))
      problems.push(`${name}: expected true or false, saw "${text}"`);
    values[name] = type === 'boolean' ? text === 'true' : type === 'number' ? Number(text) : text;
  }
  if (problems.length === 0) return values;
  throw new TipoffError('TIPOFF_BAD_INPUT', `the inputs are not right: ${problems.join('; ')}`, {
    hint: `Give them as --input name=value; declared are ${Object.keys(declared).join(', ') || 'none'}.`,
  });
}
