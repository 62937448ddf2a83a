import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';

/** Values an expression may name: `github`, `inputs`, `steps`, … */
export type Contexts = Readonly<Record<string, unknown>>;

/** The state of the job for `success()`, `failure()` and `always()`. */
export type Status = 'success' | 'failure';

/** The value of an expression, without its `${{ }}`. */
function evaluate(expression: string, contexts: Contexts, status: Status): unknown {
  const functions = statusFunctions(status);
  const { tokens } = new Lexer(expression).lex();
  const tree = new Parser(tokens, Object.keys(contexts), functions).parse();
  const dictionary = JSON.parse(JSON.stringify(contexts), data.reviver);
  const value = new Evaluator(tree, dictionary, new Map(functions.map((one) => [one.name, one]))).evaluate();
  return JSON.parse(JSON.stringify(value, data.replacer) ?? 'null');
}

/** A text with every `${{ }}` replaced, as GitHub writes values into text. */
export function fill(text: unknown, contexts: Contexts, status: Status): string {
  return String(text ?? '').replace(/\$\{\{([\s\S]*?)\}\}/g, (_, expression: string) =>
    written(evaluate(expression.trim(), contexts, status)),
  );
}

/** Whether an `if:` holds. Without a status function it implies `success()`. */
export function holds(condition: unknown, contexts: Contexts, status: Status): boolean {
  if (condition === undefined || condition === null) return status === 'success';
  const expression = String(condition)
    .trim()
    .replace(/^\$\{\{([\s\S]*)\}\}$/, '$1');
  const asks = /\b(?:success|failure|always|cancelled)\s*\(/.test(expression);
  if (!asks && status !== 'success') return false;
  return isTrue(evaluate(expression, contexts, status));
}

function written(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isTrue(value: unknown): boolean {
  return !(
    value === null ||
    value === undefined ||
    value === false ||
    value === 0 ||
    value === '' ||
    Number.isNaN(value)
  );
}

function statusFunctions(status: Status): FunctionDefinition[] {
  const say = (name: string, answer: boolean): FunctionDefinition => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(answer),
  });
  return [
    say('success', status === 'success'),
    say('failure', status === 'failure'),
    say('always', true),
    say('cancelled', false),
  ];
}
