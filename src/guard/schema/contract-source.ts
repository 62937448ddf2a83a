import { splitId } from './model.ts';
import type { SourceFile } from './sql-catalogue.ts';

/** Where the sources declare a table. */
export interface ContractSource {
  readonly path: string;
  /** Name of the exported constant. */
  readonly constant: string;
  /** Text of the file from the declaration to the next one. */
  readonly text: string;
  /** 1-based line on which the declaration begins. */
  readonly line: number;
}

const DECLARATION = /^export const (\w+) = defineTable\(\{\s*dataset: '(\w+)',\s*name: '(\w+)'/gm;

/** Finds the declaration of a table by its name; undefined where the sources have none. */
export function contractSource(id: string, files: readonly SourceFile[]): ContractSource | undefined {
  const { dataset, name } = splitId(id);
  for (const { path, text } of files) {
    if (!path.startsWith('src/core/contracts/')) continue;
    const declarations = [...text.matchAll(DECLARATION)];
    const at = declarations.findIndex(
      ([, , inDataset, itsName]) => inDataset === dataset && itsName === name,
    );
    const declared = declarations[at];
    if (declared === undefined) continue;
    return {
      path,
      constant: declared[1] ?? '',
      text: text.slice(declared.index, declarations[at + 1]?.index),
      line: text.slice(0, declared.index).split('\n').length,
    };
  }
  return undefined;
}

/** Whether a source imports a contract by its name. */
export function importsContract(text: string, { path, constant }: ContractSource): boolean {
  const from = `'#${path.slice('src/'.length)}'`;
  return [...text.matchAll(/import (?:type )?\{([^}]*)\} from ('[^']+')/g)].some(
    ([, names = '', module]) => module === from && new RegExp(`\\b${constant}\\b`).test(names),
  );
}
