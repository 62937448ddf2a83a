import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { SEVERITIES, type SeveritySchedule } from '#core/check.ts';
import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { type Bounds, boundsByCheck, unboundReads } from '#guard/schema/partition-filter.ts';
import { lintSql, meaningful, queryProblem, tokenise } from '#platform/sql/port.ts';
import { type AskedCanary, CANARY_PHASES, type Sabotage } from './definition.ts';

/** Rows that one check of the user's own may give, and seconds it may take. */
const MAX_OWN_ROWS = 10_000;
const MAX_OWN_SECONDS = 20;
/** Most days of history that @from may reach back. */
const MAX_DAYS = 60;

const words = z.string().trim().min(1, 'expected some words');
const step = z.strictObject({
  by: z.string().regex(/^[0-2]\d:[0-5]\d$/, 'expected a time of New York such as "17:30", in quotes'),
  before_tip: z.int().positive().optional(),
  severity: z.enum(SEVERITIES),
});

/** What a file of `checks/` says. */
const FILE = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9_]{2,60}$/, 'expected lower case letters, digits and underscores'),
  question: words,
  expected: words,
  finding: words.default('not as expected: {of:row|rows}'),
  phase: z.enum(CANARY_PHASES).default('operations'),
  looks_at: z.enum(['tonight', 'last_night', 'slate', 'now']).default('now'),
  severity: z
    .union([z.enum(SEVERITIES), z.tuple([step], step)], {
      error: `expected ${SEVERITIES.join(', ')}, or a list of steps such as { by: '15:00', severity: warning }`,
    })
    .default('warning'),
  owner: words,
  repair: words,
  depends_on: z.array(z.enum(CANARY_PHASES)).default([]),
  tolerates: z
    .strictObject({ count: z.int().positive().optional(), share: z.number().gt(0).lt(1).optional() })
    .optional(),
  when_empty: z
    .union([z.literal('fail'), z.strictObject({ pass: words }), z.strictObject({ skip: words })], {
      error: 'expected fail, or pass or skip with a reason',
    })
    .default('fail'),
  days: z.int().min(1).max(MAX_DAYS).optional(),
  sql: words,
  sabotage: z
    .union([words, z.tuple([words], words)], { error: 'expected a statement or a list of them' })
    .optional(),
  meaning: words.optional(),
  steps: z.tuple([words], words).optional(),
});

/** A check of the user's own: asked like the built-in ones, proven when it has a sabotage. */
export interface OwnCheck extends AskedCanary {
  readonly sabotage?: Sabotage;
}

/** A file of checks: the check in it, or what is wrong with it and where. */
export type OwnFile =
  | { readonly path: string; readonly check: OwnCheck }
  | { readonly path: string; readonly problem: string };

/**
 * Reads one file of the user's own checks. `taken` are ids that are given away. Whatever is wrong is a problem with file and
 * line, never an exception: one bad file must not keep the others from being asked.
 */
export function readOwnCheck(path: string, text: string, taken: ReadonlySet<string>): OwnFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (line: number, message: string): OwnFile => ({
    path,
    problem: `${path}, line ${line}: ${message}`,
  });
  const [broken] = document.errors;
  if (broken !== undefined)
    return at(lines.linePos(broken.pos[0]).line, `no YAML: ${broken.message.split('\n')[0]}`);
  const lineOf = (keys: readonly PropertyKey[]): number => {
    for (let depth = keys.length; depth > 0; depth--) {
      const node = document.getIn(keys.slice(0, depth), true);
      if (isNode(node) && node.range != null) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const parsed = FILE.safeParse(document.toJS());
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const keys = [
      ...(issue?.path ?? []),
      ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []),
    ];
    const message =
      issue?.code === 'unrecognized_keys'
        ? 'there is no such field'
        : (issue?.message ?? 'not as expected').replace(/^Invalid (?:input|option): /, '');
    return at(lineOf(keys), [keys.join('.'), message].filter((part) => part !== '').join(': '));
  }
  const file = parsed.data;
  if (taken.has(file.id)) return at(lineOf(['id']), `id: another check is called ${file.id} already`);
  const sabotage = file.sabotage === undefined ? [] : [file.sabotage].flat();
  // The text of a block begins on the line after its `|`.
  const isBlock = /^\s*sql:\s*[|>]/m.test(text);
  const sqlLine = lineOf(['sql']) + (isBlock ? 1 : 0);
  const inSql = sqlProblem(file.sql);
  if (inSql !== undefined) return at(sqlLine + inSql.line - 1, `sql: ${inSql.message}`);
  for (const statement of sabotage) {
    const found = sabotageProblem(statement);
    if (found !== undefined) return at(lineOf(['sabotage']), `sabotage: ${found}`);
  }
  return { path, check: checkOf(path, file, sabotage) };
}

function checkOf(path: string, file: z.infer<typeof FILE>, sabotage: readonly string[]): OwnCheck {
  const [first, ...rest] = sabotage;
  return {
    id: file.id,
    phase: file.phase,
    question: file.question,
    expected: file.expected,
    finding: file.finding,
    looksAt: file.looks_at,
    severity: scheduleOf(file.severity),
    owner: file.owner,
    repair: file.repair,
    runbook: path,
    dependsOn: file.depends_on,
    whenEmpty: file.when_empty,
    look: {
      sql: file.sql,
      maxRows: MAX_OWN_ROWS,
      maxSeconds: MAX_OWN_SECONDS,
      ...omitUndefined({ days: file.days }),
    },
    meaning: file.meaning ?? `${file.question} The file ${path} says what is asked.`,
    steps: file.steps ?? [
      'Run the statement of the file with `tipoff sql "<statement>"` and look at the rows it calls bad.',
    ],
    ...(file.tolerates === undefined ? {} : { tolerates: omitUndefined(file.tolerates) }),
    ...(first === undefined ? {} : { sabotage: { sql: [first, ...rest] } }),
  };
}

function scheduleOf(severity: z.infer<typeof FILE>['severity']): SeveritySchedule {
  if (typeof severity === 'string') return [{ by: '00:00', severity }];
  const [first, ...rest] = severity.map(({ by, before_tip, severity: how }) => ({
    by,
    severity: how,
    ...omitUndefined({ beforeTip: before_tip }),
  }));
  if (first === undefined) throw new RangeError('a schedule has a step');
  return [first, ...rest];
}

const PARAMETERS: ReadonlySet<string> = new Set(['@slate', '@from', '@as_of']);

/** What must be read with a bound on its partition. */
function bounds(): Bounds {
  return boundsByCheck({
    tables: CONTRACTS.map(({ partition, partitionFilterRequired, ...table }) => ({
      id: tableId(table),
      partitionFilterRequired: partitionFilterRequired === true,
      ...omitUndefined({ partition }),
    })),
    views: VIEWS.map(({ ref, sql }) => ({ id: tableId(ref), sql })),
  });
}

/** What the rules for built-in statements have against the statement of a check; undefined when nothing. */
function sqlProblem(sql: string): { readonly line: number; readonly message: string } | undefined {
  const shape = queryProblem(sql);
  if (shape !== undefined) return { line: 1, message: `expected ${shape.expected}, saw ${shape.seen}` };
  const unknown = meaningful(tokenise(sql)).find(
    ({ kind, text }) => kind === 'parameter' && !PARAMETERS.has(text),
  );
  if (unknown !== undefined)
    return { line: unknown.line, message: `expected @slate, @from or @as_of, saw ${unknown.text}` };
  const [lint] = lintSql(sql);
  if (lint !== undefined) return { line: lint.line, message: `${lint.message} (near ${lint.excerpt})` };
  const [unbound] = unboundReads(sql, bounds());
  if (unbound === undefined) return undefined;
  return {
    line: unbound.line,
    message: `expected a bound on ${unbound.column} of ${unbound.table}, by a parameter and joined by AND`,
  };
}

function sabotageProblem(sql: string): string | undefined {
  const [first] = meaningful(tokenise(sql));
  if (!['UPDATE', 'DELETE', 'INSERT'].includes(first?.upper ?? ''))
    return `expected a statement that begins with UPDATE, DELETE or INSERT, saw ${first?.text ?? 'nothing'}`;
  return lintSql(sql)[0]?.message;
}

/** The first file of somebody who writes a check: one that passes on any home and can be proven. */
export function newOwnCheck(id: string): string {
  return `# A check of your own: asked with the built-in ones, every half hour. \`tipoff canary list\` shows it.
id: ${id}
question: Has every game of the day two different teams?
expected: two different teams in every game
# What a failure has found: {of:game|games} becomes "1 of 8 games".
finding: the same team twice in {of:game|games}
# tonight, last_night, slate (the day, games or not) or now.
looks_at: slate
# One word, or steps that climb: [{ by: '15:00', severity: warning }, { by: '18:00', before_tip: 30, severity: critical }]
severity: warning
owner: data
# A line to paste; {slate} is filled in.
repair: tipoff fetch {slate}
when_empty:
  pass: no game is scheduled on this day
# One SELECT with subject, is_bad and note: one row for each thing that is expected. @slate, @from and @as_of are filled in.
sql: |
  SELECT game_id AS subject, home_abbr = away_abbr AS is_bad, home_abbr || ' against ' || away_abbr AS note
  FROM nba_reference.counted_games
  WHERE slate = CAST(@slate AS DATE)
# How to break a healthy league so that it must fire: \`tipoff canary prove --only ${id}\`.
sabotage: UPDATE nba_reference.schedule SET away_abbr = home_abbr WHERE slate = CAST(@slate AS DATE)
`;
}
