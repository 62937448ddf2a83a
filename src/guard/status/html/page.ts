import { count, when } from '#guard/incidents/words.ts';
import type { Answer, AnswerTable, Verdict } from '#guard/status/answer.ts';
import type { SlateHistory } from '#guard/status/history.ts';
import type { Status } from '#guard/status/status.ts';
import { axisFrom, lineChart, type Series } from './chart.ts';
import { escapeHtml } from './escape.ts';
import { STYLE } from './style.ts';

const WORDS: Readonly<Record<Verdict, string>> = { good: 'good', attention: 'look', bad: 'act', idle: 'not due', unknown: 'unknown' };
const HEADLINE: Readonly<Record<Status['verdict'], string>> = {
  good: 'all is well',
  attention: 'worth a look',
  bad: 'action needed',
  unknown: 'not everything could be found out',
};

/**
 * The state of a slate as one static page: no script, no address outside, light and dark. Everything that comes from
 * data is escaped.
 */
export function statusPage(status: Status): string {
  const { slate, as_of, verdict, games, no_games, alerts, answers, history } = status;
  const title = `Tipoff ${slate}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}: ${HEADLINE[verdict]}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header class="${verdict}">
<h1>${escapeHtml(title)}<span class="verdict ${verdict}">${HEADLINE[verdict]}</span></h1>
<p>As of ${escapeHtml(when(as_of))} · ${escapeHtml(no_games ?? count(games, 'game'))} · ${count(alerts.open, 'open alert')}, ${alerts.unacknowledged} unacknowledged</p>
</header>
${alerts.undelivered === 0 ? '' : `<p class="warning"><b>${count(alerts.undelivered, 'notice')} could not be delivered.</b> Nobody may have been told; run <code>tipoff incidents deliver</code>.</p>`}
${todo(answers)}
<div class="charts">
${coverageChart(history)}
${qualityChart(history)}
</div>
<section class="answers" aria-label="Answers">
${answers.map(article).join('\n')}
</section>
<footer>Made by tipoff ${escapeHtml(status.code_version)}.</footer>
</main>
</body>
</html>
`;
}

/** What needs somebody, before everything else; nothing when all is well. */
function todo(answers: readonly Answer[]): string {
  const open = answers.filter(({ verdict }) => verdict === 'bad' || verdict === 'unknown');
  if (open.length === 0) return '';
  const item = ({ number, name, answer, next }: Answer): string =>
    `<li><a href="#q${number}">${escapeHtml(name)}</a> ${escapeHtml(answer)}${next === undefined ? '' : `<code class="next">${escapeHtml(next)}</code>`}</li>`;
  return `<section class="todo" aria-label="Action needed"><h2>${count(open.length, 'thing needs', 'things need')} somebody</h2><ul>${open.map(item).join('')}</ul></section>`;
}

function article({ number, name, question, verdict, answer, table, next }: Answer): string {
  const isOpen = verdict === 'bad' || verdict === 'attention' || verdict === 'unknown';
  return `<article id="q${number}">
<span class="number">${number}</span><span class="state"><span class="mark ${verdict}">${WORDS[verdict]}</span></span>
<div><h3>${escapeHtml(name)} <span class="question">${escapeHtml(question)}</span></h3>
<p class="answer">${escapeHtml(answer)}</p>${next === undefined || !isOpen ? '' : `\n<code class="next">${escapeHtml(next)}</code>`}${
    table === undefined || table.rows.length === 0
      ? ''
      : `\n<details><summary>${count(table.rows.length, 'row')}</summary>${htmlTable(table)}</details>`
  }</div>
</article>`;
}

function htmlTable({ header, rows }: AnswerTable): string {
  const isNumber = header.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const cell = (tag: 'th' | 'td', text: string | number, column: number): string =>
    `<${tag}${isNumber[column] === true ? ' class="n"' : ''}>${escapeHtml(String(text))}</${tag}>`;
  const line = (tag: 'th' | 'td', cells: readonly (string | number)[]): string =>
    `<tr>${cells.map((text, i) => cell(tag, text, i)).join('')}</tr>`;
  return `<div class="scroll"><table><thead>${line('th', header)}</thead><tbody>${rows.map((row) => line('td', row)).join('')}</tbody></table></div>`;
}

function coverageChart(history: readonly SlateHistory[]): string {
  const games: Series = {
    name: 'games with predictions',
    style: 'second',
    values: history.map((day) => (day.games === 0 || !day.in_operation ? null : (100 * day.games_predicted) / day.games)),
  };
  const players: Series = { name: 'expected players predicted', style: 'first', values: history.map(({ coverage }) => coverage) };
  return figure('coverage', 'Coverage', 'slates', history, [players, games]);
}

function qualityChart(history: readonly SlateHistory[]): string {
  const ready: Series = { name: 'players quality-ready', style: 'first', values: history.map((day) => day.ready) };
  const mean: Series = { name: 'mean feature quality', style: 'second', values: history.map(({ mean_quality }) => mean_quality) };
  return figure('quality', 'Feature quality', 'slates', history, [ready, mean]);
}

function figure(id: string, title: string, unit: string, history: readonly SlateHistory[], series: readonly Series[]): string {
  if (history.length === 0) return `<section><h2>${title}</h2><p class="question">The schedule knows no slates yet.</p></section>`;
  const [from, to] = [history[0]?.slate ?? '', history.at(-1)?.slate ?? ''];
  const description = `${series.map(({ name, values }) => `${name}: last ${latest(values)}`).join('; ')}; ${history.length} ${unit} from ${from} to ${to}.`;
  const low = axisFrom(series.flatMap(({ values }) => values));
  const table: AnswerTable = {
    header: ['slate', 'games', ...series.map(({ name }) => name)],
    rows: history.map((day, i) => [day.slate, day.games, ...series.map(({ values }) => number(values[i] ?? null))]).reverse(),
  };
  return `<section><h2>${title} of the last ${count(history.length, 'slate')}</h2>
<p class="legend">${series.map(({ name, style, values }) => `<span class="${style}">${escapeHtml(name)} <b>${latest(values)}</b></span>`).join('')}</p>
${lineChart({ id, title: `${title} of the last ${history.length} ${unit}`, description, labels: history.map(({ slate }) => slate), series, low })}
<details><summary>Numbers</summary>${htmlTable(table)}</details></section>`;
}

function latest(values: readonly (number | null)[]): string {
  return number(values.at(-1) ?? null);
}

function number(value: number | null): string {
  return value === null ? 'unknown' : `${value.toFixed(1)} %`;
}
