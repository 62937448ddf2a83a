import { type Command, InvalidArgumentError } from 'commander';
import { type CliHost, contextOf, wholeNumber } from '#app/cli/context.ts';
import type { Terminal } from '#app/cli/terminal.ts';
import type { Change, Difference } from '#app/reading/difference.ts';
import type { Explanation } from '#app/reading/explanation.ts';
import type { PlayedGame, PlayerStanding } from '#app/reading/player.ts';
import type { QueryAnswer } from '#app/reading/query.ts';
import { seasonOf, seasonSpan } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { count, percent, when } from '#core/format.ts';
import { MAIN_MARKET, parseMarket } from '#core/markets.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { PeriodKind, RecordRow } from '#pipeline/grade/record.ts';
import { tableLines } from '#platform/report/console.ts';

const SLATE = 'ET calendar date of tip-off, or today, yesterday, tomorrow (default: today)';
const MAX_CHANGES = 20;
const MAX_PARTS = 12;
const MAX_ROWS = 1000;

/** `player`, `explain`, `record`, `diff`, `sql`: verbs that only read. */
export function addAskVerbs(root: Command, host: CliHost): void {
  root
    .command('player')
    .description(
      'show where a player stands on a slate: expected, skipped and why, predicted, picked, graded',
    )
    .argument('<name>', 'name, a part of it, or NBA player id')
    .argument('[slate]', SLATE)
    .option('--market <market>', 'market of the history below', MAIN_MARKET.id)
    .option('--games <n>', 'finished games to show', wholeNumber, 10)
    .action(
      async (
        name: string,
        text: string | undefined,
        options: { market: string; games: number },
        command: Command,
      ) => {
        const { terminal, slate: readSlate, withApp } = contextOf(host, command);
        const [slate, market] = [readSlate(text), parseMarket(options.market)];
        const { findPlayer, playerHistory, playerStanding } = await import('#app/reading/player.ts');
        const found = await withApp(async (app) => {
          const player = await findPlayer(app.warehouse, name, slate);
          const history = { slate, market: market.id, games: options.games };
          return {
            ...(await playerStanding(app, player, slate)),
            history: await playerHistory(app.warehouse, player.player_id, history),
          };
        });
        terminal.json(found);
        printStanding(terminal, found);
        printHistory(terminal, market.id, found.history);
      },
    );

  root
    .command('explain')
    .description('show what makes up a visible forecast, and what it would be without a teammate')
    .argument('<slate>', SLATE)
    .argument('<player>', 'name, a part of it, or NBA player id')
    .option('--market <market>', 'market of the forecast', MAIN_MARKET.id)
    .option('--without <teammate>', 'as if this teammate surely did not play')
    .action(
      async (text: string, name: string, options: { market: string; without?: string }, command: Command) => {
        const { terminal, slate: readSlate, withApp } = contextOf(host, command);
        const [slate, market] = [readSlate(text), parseMarket(options.market)];
        const [{ explain }, { findPlayer }] = await Promise.all([
          import('#app/reading/explanation.ts'),
          import('#app/reading/player.ts'),
        ]);
        const explanation = await withApp(async (app) => {
          const player = await findPlayer(app.warehouse, name, slate);
          const without =
            options.without === undefined
              ? undefined
              : await findPlayer(app.warehouse, options.without, slate);
          return explain(app, player, { slate, market: market.id, ...omitUndefined({ without }) });
        });
        terminal.json(explanation);
        printExplanation(terminal, explanation);
      },
    );

  root
    .command('record')
    .description('show wins, losses, profit and errors by market and system, live and backfill apart')
    .option('--season <season>', 'season, for example 2024-25 (default: the one of today)')
    .option('--by <period>', 'season, month or week', period, 'season')
    .option('--market <market>', 'one market')
    .action(async (options: { season?: string; by: PeriodKind; market?: string }, command: Command) => {
      const { terminal, slate, withApp } = contextOf(host, command);
      const market = options.market === undefined ? undefined : parseMarket(options.market).id;
      const season = options.season ?? seasonOf(slate());
      const range = seasonSpan(season);
      const [{ readRecord }, { gradeCoverage }] = await Promise.all([
        import('#pipeline/grade/record.ts'),
        import('#app/reading/coverage.ts'),
      ]);
      const record = await withApp(async ({ warehouse }) => {
        const rows = await readRecord(warehouse, range);
        return {
          season,
          coverage: await gradeCoverage(warehouse, range),
          rows: rows.filter(
            (row) => row.kind === options.by && (market === undefined || row.market === market),
          ),
        };
      });
      terminal.json(record);
      printRecord(terminal, record.rows);
      for (const one of record.coverage)
        terminal.line(`${one.record_class}: ${one.graded} of ${one.gradable} gradable rows are graded.`);
      if (record.rows.length === 0)
        terminal.line(`Nothing of ${season} is graded: \`tipoff grade DATE\` grades.`);
    });

  root
    .command('diff')
    .description(
      'show what changed in the visible forecasts between two publications of a slate, or against another home',
    )
    .argument('<slate>', SLATE)
    .argument('[before]', 'publication (default: the one before the newest)')
    .argument('[after]', 'publication (default: the newest)')
    .option('--against <home>', 'compare with what is visible in this home instead')
    .action(
      async (
        text: string,
        before: string | undefined,
        after: string | undefined,
        options: { against?: string },
        command: Command,
      ) => {
        const { terminal, slate: readSlate, config, path, withApp, withHome } = contextOf(host, command);
        const slate = readSlate(text);
        if (options.against !== undefined && before !== undefined) {
          throw new TipoffError('TIPOFF_BAD_INPUT', 'expected publications or --against, saw both', {
            hint: 'Leave one of them out.',
          });
        }
        const { homeDifference, publicationDifference } = await import('#app/reading/difference.ts');
        const { against } = options;
        const changes = await withApp(async ({ warehouse }) => {
          if (against === undefined) return publicationDifference(warehouse, slate, [before, after]);
          return withHome(path(against), (other) =>
            homeDifference(
              slate,
              { name: against, warehouse: other.warehouse },
              { name: config.home, warehouse },
            ),
          );
        });
        terminal.json(changes);
        printDifference(terminal, changes);
      },
    );

  root
    .command('sql')
    .description('run one read-only query on the warehouse')
    .argument('<query>', 'a query in quotes: SELECT or WITH, over the tables listed in src/README.md')
    .option('--csv', 'print comma-separated values')
    .option('--limit <n>', 'maximum number of rows', wholeNumber, MAX_ROWS)
    .action(async (query: string, options: { csv?: boolean; limit: number }, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const { readQuery } = await import('#app/reading/query.ts');
      const answer = await withApp(({ warehouse }) => readQuery(warehouse, query, options.limit));
      terminal.json(answer.rows);
      if (options.csv === true) for (const line of csvLines(answer)) terminal.line(line);
      else printRows(terminal, answer);
      if (answer.truncated) terminal.progress(`The first ${options.limit} rows: --limit shows more of them.`);
    });
}

function period(text: string): PeriodKind {
  if (text === 'season' || text === 'month' || text === 'week') return text;
  throw new InvalidArgumentError('expected season, month or week');
}

/** What says that a player is with his team, in words. */
const ROSTER_SOURCES: Readonly<Record<string, string>> = {
  status_feed: 'a status feed',
  roster: 'a roster',
  history_stand_in: 'his last box score',
  line: 'his last box score and a line',
};

function printStanding(terminal: Terminal, { summary, context, batch, forecasts }: PlayerStanding): void {
  terminal.line(summary);
  if (context !== null) {
    terminal.line(
      `  ${context.team_abbr} ${context.is_home ? 'vs' : '@'} ${context.opponent_abbr}, ${when(context.tipoff_at)}; known until ${when(context.cutoff_at)}; team from ${ROSTER_SOURCES[context.roster_source] ?? context.roster_source}`,
    );
    const status = context.injury_status ?? (context.has_status_feed ? 'not listed' : 'no report');
    const why = context.injury_reason === null ? '' : ` (${context.injury_reason})`;
    terminal.line(
      `  status: ${status}${why}${context.p_plays === null ? '' : `; P(plays) ${percent(context.p_plays, 0)}`}`,
    );
    terminal.line(
      context.feature_quality_score === null
        ? '  no feature row'
        : `  features: quality ${context.feature_quality_score.toFixed(0)} (${context.quality_alert_level}), ${count(context.required_default_count ?? 0, 'required default')}`,
    );
  }
  if (batch !== null)
    terminal.line(
      `  batch ${batch.batch_id} (${batch.mode}, ${batch.state}): ${batch.outcome}${batch.reason === null ? '' : `, ${batch.reason}`}`,
    );
  if (forecasts.length === 0) return;
  terminal.line();
  const rows = forecasts.map((one) => [
    one.market,
    one.line ?? '',
    one.predicted.toFixed(1),
    `${one.p10.toFixed(0)}–${one.p90.toFixed(0)}`,
    share(one.model_p_over),
    share(one.p_over),
    one.is_actionable ? one.recommendation : `(${one.filter_reason ?? one.recommendation})`,
    one.bookmaker ?? '',
    one.actual === null ? '' : String(one.actual),
    one.outcome ?? '',
  ]);
  for (const line of tableLines(
    ['market', 'line', 'forecast', '80 %', 'P(over) model', 'believed', 'pick', 'book', 'actual', 'outcome'],
    rows,
  ))
    terminal.line(line);
}

function printHistory(terminal: Terminal, market: string, history: readonly PlayedGame[]): void {
  if (history.length === 0) return;
  terminal.line();
  terminal.line(`Last games, ${market}`);
  const rows = history.map((game) => [
    game.slate,
    `${game.is_home ? 'vs' : '@'} ${game.opponent_abbr}`,
    game.minutes === null ? 'did not play' : game.minutes.toFixed(0),
    game.predicted?.toFixed(1) ?? '',
    game.line ?? '',
    game.actual ?? '',
    game.outcome ?? '',
  ]);
  for (const line of tableLines(['slate', 'game', 'minutes', 'forecast', 'line', 'actual', 'outcome'], rows))
    terminal.line(line);
}

function printExplanation(terminal: Terminal, one: Explanation): void {
  const { player, market, forecast, published, line } = one;
  terminal.line(
    `${player.player_name}, ${market} on ${one.slate}: ${forecast.median.toFixed(1)} (80 %: ${forecast.p10.toFixed(0)}–${forecast.p90.toFixed(0)}), given that he plays${one.p_plays === null ? '' : `, P(plays) ${percent(one.p_plays, 0)}`}.`,
  );
  if (line !== null)
    terminal.line(`  line ${line}: over with ${share(forecast.believed_over)} as believed, prices left out.`);
  if (Math.abs(published - forecast.median) > 0.0005)
    terminal.line(
      `  Published: ${published.toFixed(3)}; his features were computed again since, and give ${forecast.median.toFixed(3)}.`,
    );
  terminal.line(`  model ${one.model_id}`);
  terminal.line();
  const groups = one.groups.filter(({ effect }) => Math.abs(effect) >= 0.005);
  for (const text of tableLines(
    ['made of', market],
    [
      ['an average player', one.average.toFixed(2)],
      ...groups.map(({ group, effect }) => [group, signed(effect)]),
      ...(one.player_ratio === 1 ? [] : [['times his own record', `× ${one.player_ratio.toFixed(3)}`]]),
      ['mean', one.forecast.mean.toFixed(2)],
    ],
  ))
    terminal.line(text);
  terminal.line();
  const parts = one.parts
    .slice(0, MAX_PARTS)
    .map(({ column, value, typical, effect }) => [
      column,
      value?.toFixed(2) ?? 'missing',
      typical.toFixed(2),
      signed(effect),
    ]);
  for (const text of tableLines(['column', 'value', 'typical', 'adds'], parts)) terminal.line(text);
  if (one.without === undefined) return;
  const { teammate, p_plays, forecast: other } = one.without;
  terminal.line();
  terminal.line(
    `Without ${teammate.player_name} (P(plays) ${percent(p_plays, 0)} until now): ${other.median.toFixed(1)}, ${signed(other.median - forecast.median)}${line === null ? '' : `; over ${line} with ${share(other.believed_over)}`}.`,
  );
}

function printRecord(terminal: Terminal, rows: readonly RecordRow[]): void {
  const cells = rows.map(({ record_class, market, system_id, period: at, picks, all_sides, errors }) => [
    record_class,
    market,
    system_id,
    at,
    picks.decided === 0 ? '' : `${picks.wins}-${picks.losses}`,
    picks.hit_rate === null ? '' : percent(picks.hit_rate),
    picks.interval === null ? '' : `${percent(picks.interval.low, 0)} to ${percent(picks.interval.high, 0)}`,
    picks.decided === 0 ? '' : signed(picks.profit),
    all_sides.hit_rate === null ? '' : percent(all_sides.hit_rate),
    errors.rows,
    errors.mae?.toFixed(3) ?? '',
    errors.bias === null ? '' : signed(errors.bias),
  ]);
  if (cells.length === 0) return;
  for (const line of tableLines(
    [
      'class',
      'market',
      'system',
      'period',
      'picks',
      'hit',
      '95 %',
      'profit',
      'all sides',
      'rows',
      'MAE',
      'bias',
    ],
    cells,
  ))
    terminal.line(line);
}

const CHANGES: Readonly<Record<Change['kind'], string>> = {
  turned: 'the pick turned to the other side',
  picked: 'is a pick now',
  dropped: 'is a pick no more',
  gone: 'is visible no more',
  new: 'is new',
  line: 'another line',
  forecast: 'another forecast',
};

function printDifference(terminal: Terminal, { before, after, compared, same, changes }: Difference): void {
  terminal.line(`From ${before} to ${after}: ${same} of ${compared} forecasts on both sides are the same.`);
  if (changes.length === 0) return;
  const counts = Map.groupBy(changes, ({ kind }) => kind);
  for (const [kind, own] of counts) terminal.line(`  ${own.length}: ${CHANGES[kind]}`);
  terminal.line();
  const side = (row: Change['before']): string =>
    row === null
      ? ''
      : `${row.predicted.toFixed(1)}${row.line === null ? '' : ` at ${row.line}`}${row.is_actionable ? ` ${row.recommendation}` : ''}`;
  const rows = changes
    .slice(0, MAX_CHANGES)
    .map((one) => [
      one.player_name,
      one.team_abbr,
      one.market,
      side(one.before),
      side(one.after),
      CHANGES[one.kind],
    ]);
  for (const line of tableLines(['player', 'team', 'market', 'before', 'after', 'change'], rows))
    terminal.line(line);
  if (changes.length > MAX_CHANGES)
    terminal.line(`… and ${changes.length - MAX_CHANGES} more; --json has them all`);
}

function printRows(terminal: Terminal, { columns, rows }: QueryAnswer): void {
  if (rows.length === 0) {
    terminal.line('No rows.');
    return;
  }
  const cells = rows.map((row) =>
    columns.map((name) => {
      const value = row[name] ?? null;
      return value === null ? '' : typeof value === 'number' ? value : String(value);
    }),
  );
  for (const line of tableLines(columns, cells)) terminal.line(line);
}

/** RFC 4180: quotes where a value has a comma, a quote or a line break. */
function csvLines({ columns, rows }: QueryAnswer): string[] {
  const cell = (value: unknown): string => {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map(cell), ...rows.map((row) => columns.map((name) => cell(row[name])))].map((line) =>
    line.join(','),
  );
}

function share(value: number | null): string {
  return value === null ? '' : percent(value, 0);
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(2)}`;
}
