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
