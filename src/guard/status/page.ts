import { count, when } from '#core/format.ts';
import { escapeHtml } from '#platform/report/escape.ts';
import type { Answer, AnswerTable, AnswerVerdict, SlateHistory } from './answer.ts';
import { axisFrom, lineChart, type Series } from './chart.ts';
import type { Status } from './status.ts';
/** The style of the page: light, dark by the reader's setting, and either one when `data-theme` on the root says so. */
export const STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #16202c; --soft: #566273; --rule: #dde2e9; --good: #1a7f45; --attention: #9a5b00; --bad: #c0272d; --idle: #66717f; --first: #2563a8; --second: #b4571d; }
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { --page: #11161d; --card: #1a212b; --ink: #e6ebf1; --soft: #9aa7b6; --rule: #2d3745; --good: #4cc47e; --attention: #f0ad3e; --bad: #ff7b76; --idle: #93a0af; --first: #6cb0f5; --second: #f0965a; } }
:root[data-theme="dark"] { color-scheme: dark; --page: #11161d; --card: #1a212b; --ink: #e6ebf1; --soft: #9aa7b6; --rule: #2d3745; --good: #4cc47e; --attention: #f0ad3e; --bad: #ff7b76; --idle: #93a0af; --first: #6cb0f5; --second: #f0965a; }
:root[data-theme="light"] { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 20px 48px; }
header { border-left: 5px solid var(--idle); padding: 2px 0 2px 14px; margin-bottom: 20px; }
header.good { border-color: var(--good); } header.attention { border-color: var(--attention); } header.bad, header.unknown { border-color: var(--bad); }
h1 { display: flex; flex-wrap: wrap; gap: 0 14px; font-size: 26px; line-height: 1.25; margin: 0; color: var(--ink); }
.verdict { font-weight: 600; }
h2 { font-size: 16px; line-height: 1.4; margin: 0 0 4px; }
h3 { font-size: 15px; margin: 0; }
header p { margin: 4px 0 0; color: var(--soft); }
.todo { border-color: var(--bad); margin-bottom: 18px; }
.todo ul { margin: 6px 0 0; padding-left: 20px; } .todo li { margin-top: 6px; overflow-wrap: anywhere; }
a { color: inherit; font-weight: 600; }
.warning { border-left: 4px solid var(--bad); background: var(--card); padding: 10px 14px; margin: 0 0 18px; }
.mark { display: inline-block; min-width: 84px; text-align: center; font-size: 12px; font-weight: 600; line-height: 22px; border: 1px solid currentColor; border-radius: 4px; padding: 0 6px; }
.mark.bad, .mark.unknown { background: var(--bad); color: var(--card); border-color: var(--bad); }
.good { color: var(--good); } .attention { color: var(--attention); } .bad, .unknown { color: var(--bad); } .idle { color: var(--idle); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 16px; margin-bottom: 18px; }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 14px 16px; min-width: 0; }
.answers { padding: 0; }
article { display: grid; grid-template-columns: 24px 92px minmax(0, 1fr); gap: 2px 14px; padding: 10px 16px; border-top: 1px solid var(--rule); }
article:first-child { border-top: 0; }
.number { color: var(--soft); line-height: 22px; text-align: right; font-variant-numeric: tabular-nums; }
.answer { margin: 0; overflow-wrap: anywhere; max-width: 92ch; }
.question { color: var(--soft); font-size: 13px; font-weight: 400; margin: 2px 0 0; }
h3 .question { margin-left: 6px; }
code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--page); border-radius: 4px; padding: 1px 5px; overflow-wrap: anywhere; }
.next { display: block; margin-top: 3px; width: fit-content; max-width: 100%; }
details { margin-top: 3px; } summary { cursor: pointer; color: var(--soft); font-size: 13px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; margin-top: 6px; } th, td { text-align: left; padding: 3px 14px 3px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; height: auto; } .grid { stroke: var(--rule); stroke-width: 1; } .axis { fill: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .line.first { stroke: var(--first); } .line.second { stroke: var(--second); stroke-dasharray: 6 4; } .point.first { fill: var(--first); } .point.second { fill: var(--second); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; color: var(--soft); font-size: 13px; margin: 0 0 6px; } .legend b { color: var(--ink); font-variant-numeric: tabular-nums; } .legend span::before { content: ""; display: inline-block; width: 18px; margin-right: 6px; vertical-align: middle; border-top: 2px solid; }
.legend .first::before { border-color: var(--first); } .legend .second::before { border-color: var(--second); border-top-style: dashed; }
footer { color: var(--soft); font-size: 13px; margin-top: 16px; }
@media (max-width: 640px) { main { padding: 18px 14px 32px; } h1 { font-size: 22px; } .axis { font-size: 19px; } article { grid-template-columns: minmax(0, 1fr) auto; padding: 12px 14px; } article > div { grid-column: 1 / -1; grid-row: 1; } article h3 { padding-right: 96px; } .number { display: none; } h3 .question { display: block; margin: 0; } .state { grid-column: 2; grid-row: 1; } }
@media print { body { background: #fff; } section { break-inside: avoid; } }
`;

const WORDS: Readonly<Record<AnswerVerdict, string>> = {
  good: 'good',
  attention: 'look',
  bad: 'act',
  idle: 'not due',
  unknown: 'unknown',
};
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
${alerts.undelivered === 0 ? '' : `<p class="warning"><b>${count(alerts.undelivered, 'notice')} could not be delivered.</b> People may not know; run <code>tipoff incidents deliver</code>.</p>`}
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
    values: history.map((day) =>
      day.games === 0 || !day.in_operation ? null : (100 * day.games_predicted) / day.games,
    ),
  };
  const players: Series = {
    name: 'expected players predicted',
    style: 'first',
    values: history.map(({ coverage }) => coverage),
  };
  return figure('coverage', 'Coverage', 'slates', history, [players, games]);
}

function qualityChart(history: readonly SlateHistory[]): string {
  const ready: Series = {
    name: 'players quality-ready',
    style: 'first',
    values: history.map((day) => day.ready),
  };
  const mean: Series = {
    name: 'mean feature quality',
    style: 'second',
    values: history.map(({ mean_quality }) => mean_quality),
  };
  return figure('quality', 'Feature quality', 'slates', history, [ready, mean]);
}

function figure(
  id: string,
  title: string,
  unit: string,
  history: readonly SlateHistory[],
  series: readonly Series[],
): string {
  if (history.length === 0)
    return `<section><h2>${title}</h2><p class="question">The schedule knows no slates yet.</p></section>`;
  const [from, to] = [history[0]?.slate ?? '', history.at(-1)?.slate ?? ''];
  const description = `${series.map(({ name, values }) => `${name}: last ${latest(values)}`).join('; ')}; ${history.length} ${unit} from ${from} to ${to}.`;
  const low = axisFrom(series.flatMap(({ values }) => values));
  const table: AnswerTable = {
    header: ['slate', 'games', ...series.map(({ name }) => name)],
    rows: history
      .map((day, i) => [day.slate, day.games, ...series.map(({ values }) => number(values[i] ?? null))])
      .reverse(),
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
