/** One instruction of a Containerfile, continuation lines joined. */
export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** Reads a Containerfile into its instructions; comments are left out. */
export function instructionsOf(text: string): Instruction[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'))
    .map((line) => {
      const [word = '', ...rest] = line.trim().split(/\s+/);
      return { word: word.toUpperCase(), rest: rest.join(' ') };
    });
}

/** The instructions of the stage that becomes the image. */
export function lastStage(instructions: readonly Instruction[]): Instruction[] {
  return instructions.slice(instructions.findLastIndex(({ word }) => word === 'FROM'));
}

/** Words of an instruction in exec form. Undefined when it would need a shell. */
export function execForm(rest: string): string[] | undefined {
  const list = rest.slice(rest.indexOf('['));
  if (!rest.includes('[')) return undefined;
  const words: unknown = JSON.parse(list);
  return Array.isArray(words) ? words.map(String) : undefined;
}

/** Paths of the build context that an image copies, from whichever stage. */
export function copiedPaths(instructions: readonly Instruction[]): string[] {
  return instructions
    .filter(({ word, rest }) => (word === 'COPY' || word === 'ADD') && !rest.includes('--from='))
    .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
}

/** What is wrong with an image description, as sentences. */
export function imageProblems(text: string, node: string): string[] {
  const all = instructionsOf(text);
  const image = lastStage(all);
  const problems: string[] = [];
  const stages = new Set<string>();
  for (const { word, rest } of all) {
    if (word === 'FROM') {
      const [base = '', , stage] = rest.split(' ');
      if (!base.startsWith(`node:${node}-`))
        problems.push(`FROM ${base}: expected node:${node}, as package.json pins it`);
      if (stage !== undefined) stages.add(stage);
    }
    if (word === 'ADD') problems.push('ADD fetches and unpacks: write COPY');
    if (word === 'RUN' && execForm(rest) === undefined) problems.push(`RUN ${rest}: expected the exec form`);
    if (word === 'RUN' && /\bnpm\b/.test(rest)) {
      if (!/"ci"/.test(rest)) problems.push(`RUN ${rest}: expected npm ci, which keeps to the lock file`);
      if (!rest.includes('--ignore-scripts'))
        problems.push(`RUN ${rest}: expected --ignore-scripts, scripts download`);
      if (!rest.includes('--omit=dev')) problems.push(`RUN ${rest}: expected --omit=dev`);
    }
    if (/\b(?:curl|wget|apt-get)\b/.test(rest))
      problems.push(`${word} ${rest}: downloads something that nothing pins`);
    if ((word === 'ENV' || word === 'ARG') && /TOKEN|SECRET|PASSWORD|KEY/i.test(rest))
      problems.push(`${word} ${rest}: a secret in an image`);
  }
  if (all.filter(({ word }) => word === 'FROM').length < 2)
    problems.push('expected two stages, so that npm leaves nothing behind');
  if (!image.some(({ word, rest }) => word === 'RUN' && /VERSION\) throw new Error.*build\.json/.test(rest)))
    problems.push('expected build.json with the version, and no image without a version');
  if (copiedPaths(all).includes('.')) problems.push('COPY .: expected every copied path by name');
  const user = image.find(({ word }) => word === 'USER')?.rest;
  if (user === undefined || !/^[1-9]\d*:[1-9]\d*$/.test(user))
    problems.push(`USER ${user ?? 'missing'}: expected numbers other than 0`);
  if (!image.some(({ word }) => word === 'HEALTHCHECK')) problems.push('expected a HEALTHCHECK');
  for (const word of ['ENTRYPOINT', 'CMD']) {
    const found = image.find((one) => one.word === word);
    if (found === undefined || execForm(found.rest) === undefined) {
      problems.push(`${word}: expected the exec form, a shell would keep SIGTERM to itself`);
    }
  }
  return problems;
}
