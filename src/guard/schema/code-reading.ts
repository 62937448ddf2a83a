import type { Usage } from './compare.ts';
import { withFormer } from './former.ts';
import type { Schema } from './model.ts';
import { type SourceFile, type SqlText, sqlCatalogue } from './sql-catalogue.ts';
import { readTexts, registryOf, type UsedText, usageOf } from './usage.ts';

/** What the code says when it is read: its statements by what the code wants, and who uses what. */
export interface CodeReading {
  readonly texts: readonly UsedText[];
  /** Knows the readers of names that are going as well. */
  readonly usage: Usage;
}

export interface CodeInput {
  readonly files: readonly SourceFile[];
  /** What the code wants. */
  readonly wanted: Schema;
  /** What it is compared with: a warehouse, earlier versions. */
  readonly earlier: readonly Schema[];
  /** Statements known whole; those of the modules unless told otherwise. */
  readonly evaluated?: readonly SqlText[];
}

/** Reads every statement of the code once, and once more with the names of before where some are gone. */
export function readCode({ files, wanted, earlier, evaluated }: CodeInput): CodeReading {
  const catalogue = evaluated === undefined ? sqlCatalogue(files) : sqlCatalogue(files, evaluated);
  const texts = readTexts(catalogue, registryOf(wanted));
  const all = withFormer(wanted, earlier);
  return {
    texts,
    usage: usageOf(
      all,
      namesIn(all) > namesIn(wanted) ? readTexts(catalogue, registryOf(all, wanted)) : texts,
    ),
  };
}

function namesIn({ tables, views, functions = [] }: Schema): number {
  return [...tables, ...views].reduce((sum, { columns }) => sum + 1 + columns.length, functions.length);
}
