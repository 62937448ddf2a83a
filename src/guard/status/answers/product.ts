import { addDays, daysBetween, type Slate, slateOf } from '#core/calendar.ts';
import { count, outOf, span, when } from '#core/format.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { statement } from '#core/statement.ts';
import { listIncidents } from '#guard/incidents/acknowledge.ts';
import type { Found, Question, StatusDeps, StatusMoment } from '#guard/status/answer.ts';
import { readStored } from '#pipeline/exports/stored-documents.ts';
import { COUNTED_GRADES } from '#pipeline/grade/grade.ts';

async function exported(
  { warehouse, exports }: StatusDeps,
  { slate, lastNight, noGames }: StatusMoment,
): Promise<Found> {
  const [visible] = await warehouse.query<{ players: number; published_at: string | null }>(
    'SELECT COUNT(DISTINCT player_id) AS players, MAX(published_at) AS published_at FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)',
    { slate },
  );
  const published = visible?.published_at ?? null;
  const paths = [
    `exports/${slate}/picks.json`,
    `exports/${slate}/predictions.json`,
    ...(lastNight === undefined ? [] : [`exports/${lastNight}/results.json`]),
  ];
  const rows = await Promise.all(
    paths.map(
      async (path): Promise<{ path: string; problem: string | undefined; cells: (string | number)[] }> => {
        const stored = await readStored(exports, path);
        if (stored.etag === '') return { path, problem: 'missing', cells: [path, 'missing', '', ''] };
        const { head, generatedAt, rowCount } = stored;
        const wanted = path.split('/')[1];
        const isTonight = wanted === slate;
        const problem =
          head['slate'] !== wanted
            ? `about ${String(head['slate'])}`
            : rowCount === undefined || generatedAt === undefined
              ? 'unreadable'
              : isTonight && published !== null && generatedAt < published
                ? `older than the publication of ${when(published)}`
                : isTonight &&
                    path.endsWith('predictions.json') &&
                    rowCount === 0 &&
                    (visible?.players ?? 0) > 0
                  ? 'empty although predictions are visible'
                  : undefined;
        return {
          path,
          problem,
          cells: [
            path,
            problem ?? String(head['status'] ?? 'ok'),
            rowCount ?? '',
            generatedAt === undefined ? '' : when(generatedAt),
          ],
        };
      },
    ),
  );
  const table = { header: ['document', 'state', 'rows', 'written'], rows: rows.map(({ cells }) => cells) };
  const isExpected = (path: string): boolean => !path.includes(slate) || published !== null;
  const bad = rows.filter(({ path, problem }) => problem !== undefined && isExpected(path));
  if (bad.length > 0)
    return {
      verdict: 'bad',
      answer: `${bad.map(({ path, problem }) => `${path} is ${problem ?? ''}`).join('; ')}.`,
      table,
      next: `tipoff export ${slate}`,
    };
  if (published === null) {
    return {
      verdict: 'idle',
      answer:
        noGames === undefined
          ? 'Nothing is published, so nothing of tonight is exported.'
          : `No exports are expected: ${noGames}.`,
      table,
    };
  }
  return {
    verdict: 'good',
    answer: `${count(rows.length, 'document')} fresh and for the right date: ${rows.map(({ cells }) => `${String(cells[0]).split('/').slice(1).join('/')} (${cells[2]})`).join(', ')}.`,
    table,
  };
}

const RETRAIN_DAYS = 14;
const RECORD_DAYS = 14;

interface LiveRecord {
  readonly model_id: string;
  readonly slates: number;
  readonly decided: number;
  readonly wins: number;
  readonly mae: number | null;
  readonly bias: number | null;
  readonly overs: number;
  readonly sides: number;
}

/** Live results of the champion system by model; parameters `from` and `to`. */
export const LIVE_RECORD = statement({
  owner: 'guard/status/answers/product',
  sql: `SELECT g.model_id, COUNT(DISTINCT g.slate) AS slates, COUNTIF(g.is_actionable AND g.outcome IN ('win', 'loss')) AS decided,
       COUNTIF(g.is_actionable AND g.outcome = 'win') AS wins, AVG(CASE WHEN g.line_role <> 'second' THEN g.absolute_error END) AS mae,
       AVG(CASE WHEN g.line_role <> 'second' THEN g.signed_error END) AS bias,
       COUNTIF(g.line_role = 'main' AND g.edge > 0) AS overs, COUNTIF(g.line_role = 'main' AND g.edge <> 0) AS sides
     FROM (${COUNTED_GRADES}) g WHERE g.market = '${MAIN_MARKET.id}' AND g.system_id = 'ridge' GROUP BY g.model_id ORDER BY slates DESC`,
});

async function model({ warehouse }: StatusDeps, { slate }: StatusMoment): Promise<Found> {
  const models = await warehouse.query<{
    model_id: string;
    status: string;
    data_cutoff: Slate;
    training_rows: number;
  }>(
    'SELECT model_id, status, data_cutoff, training_rows FROM nba_predictions.model_registry ORDER BY data_cutoff DESC, created_at DESC',
  );
  const [serving] = await warehouse.query<{ model_id: string }>(
    `SELECT model_id FROM nba_predictions.current_predictions WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
     ORDER BY slate DESC, predicted_at DESC LIMIT 1`,
    { from: addDays(slate, -RECORD_DAYS), slate },
  );
  const record = await warehouse.query<LiveRecord>(LIVE_RECORD.sql, {
    from: addDays(slate, -RECORD_DAYS),
    to: slate,
  });
  const champion =
    models.find(({ status }) => status === 'champion') ??
    models.find(({ model_id }) => model_id === serving?.model_id);
  const table = {
    header: ['model', 'slates', 'won', 'decided', 'mean error', 'bias', 'share over'],
    rows: record.map((row) => [
      row.model_id,
      row.slates,
      row.wins,
      row.decided,
      row.mae?.toFixed(2) ?? '',
      row.bias?.toFixed(2) ?? '',
      row.sides === 0 ? '' : `${((100 * row.overs) / row.sides).toFixed(0)} %`,
    ]),
  };
  if (champion === undefined)
    return {
      verdict: 'attention',
      answer: `No model is registered as champion${serving === undefined ? '' : `; ${serving.model_id} made the last predictions`}.`,
      table,
      next: 'tipoff train',
    };
  const age = daysBetween(champion.data_cutoff, slate);
  const live = record.find(({ model_id }) => model_id === champion.model_id) ?? record[0];
  const overs = live === undefined || live.sides === 0 ? 0.5 : live.overs / live.sides;
  const isBiased =
    live !== undefined && ((live.bias !== null && Math.abs(live.bias) > 1) || Math.abs(overs - 0.5) > 0.4);
  const lived =
    live === undefined
      ? 'no graded slates within two weeks'
      : `${count(live.slates, 'slate')}: mean error ${live.mae?.toFixed(2) ?? 'unknown'}, bias ${live.bias?.toFixed(2) ?? 'unknown'} ${MAIN_MARKET.id}, ${live.wins} of ${live.decided} picks won, ${(overs * 100).toFixed(0)} % over`;
  if (age < 0) {
    return {
      verdict: 'idle',
      answer: `${champion.model_id} (${champion.status}) is younger than this slate: it has learnt from data before ${champion.data_cutoff} and does not predict it.`,
      table,
    };
  }
  return {
    verdict: isBiased || age > RETRAIN_DAYS ? 'attention' : 'good',
    answer: `${champion.model_id} (${champion.status}), trained on data before ${champion.data_cutoff}, ${count(age, 'day')} old${age > RETRAIN_DAYS ? ': retraining is due' : ''}; ${lived}${isBiased ? ': biased' : ''}.`,
    table,
    ...(age > RETRAIN_DAYS ? { next: 'tipoff train' } : {}),
  };
}

async function repairs({ warehouse, state }: StatusDeps, { now, slate }: StatusMoment): Promise<Found> {
  const since = new Date(now.getTime() - 36 * 3_600_000).toISOString();
  const ended = (await listIncidents(state, 'all')).filter(
    ({ closed_at }) => closed_at !== null && closed_at >= since,
  );
  const resolved = ended.filter(({ status }) => status === 'resolved');
  const accepted = ended.filter(({ status }) => status === 'accepted');
  const withdrawn = await warehouse.query<{
    slate: string;
    publication_id: string;
    reason: string | null;
    standing: number;
  }>(
    `SELECT w.slate, w.publication_id, w.reason, COUNT(p.publication_id) AS standing
     FROM nba_predictions.publications w
     LEFT JOIN nba_predictions.publications p ON p.slate = w.slate AND p.event = 'published' AND p.event_at > w.event_at
     WHERE w.event = 'withdrawn' AND w.row_count > 0 AND w.slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
     GROUP BY w.slate, w.publication_id, w.reason ORDER BY w.slate`,
    { from: addDays(slateOf(now), -3), slate },
  );
  const open = withdrawn.filter(({ standing }) => standing === 0);
  const table = {
    header: ['what', 'outcome', 'when'],
    rows: [
      ...resolved.map((one) => [
        one.fingerprint,
        `proven by a passing check after ${span(one.opened_at, one.closed_at ?? one.opened_at)}`,
        when(one.closed_at ?? one.opened_at),
      ]),
      ...accepted.map((one) => [
        one.fingerprint,
        'not repaired: accepted as it is',
        when(one.closed_at ?? one.opened_at),
      ]),
      ...withdrawn.map((one) => [
        `withdrawal of ${one.slate}`,
        one.standing > 0
          ? 'published again'
          : `nothing published since${one.reason === null ? '' : `: ${one.reason}`}`,
        one.slate,
      ]),
    ],
  };
  if (ended.length + withdrawn.length === 0)
    return { verdict: 'idle', answer: 'Nothing was repaired within 36 hours.' };
  const parts = [
    ...(resolved.length > 0
      ? [`${outOf(resolved.length, ended.length)} repairs proven by a passing check`]
      : []),
    ...(accepted.length > 0
      ? [`accepted as it is: ${accepted.map(({ fingerprint }) => fingerprint).join(', ')}`]
      : []),
    ...(open.length > 0
      ? [`withdrawn and not published again: ${[...new Set(open.map((one) => one.slate))].join(', ')}`]
      : withdrawn.length > 0
        ? ['what was withdrawn is published again']
        : []),
  ];
  const [recompute] = open;
  return {
    verdict: open.length > 0 ? 'attention' : 'good',
    answer: `${parts.join('; ')}.`,
    table,
    ...(recompute === undefined ? {} : { next: `tipoff day ${recompute.slate}` }),
  };
}

export const PRODUCT: readonly Question[] = [
  {
    number: 8,
    name: 'Exports',
    question: 'Were exports published, fresh, non-empty, for the right date?',
    canaries: ['export_fresh', 'export_not_empty', 'results_exported'],
    find: exported,
  },
  {
    number: 14,
    name: 'Model',
    question: 'Which model is live, is it decaying or biased to one side, is it due for retraining?',
    find: model,
  },
  {
    number: 15,
    name: 'Repairs',
    question: "Did yesterday's repair really work in production, and must rows be recomputed?",
    find: repairs,
  },
];
