/** The colors of a light screen and of paper. Those of series after Okabe and Ito (2008), told apart by the color-blind. */
export const LIGHT_COLORS: Readonly<Record<string, string>> = {
  page: '#fff',
  text: '#1b1f24',
  muted: '#6b7280',
  rule: '#c9ced6',
  faint: '#f3f5f7',
  accent: '#0b5cad',
  'series-0': '#0072b2',
  'series-1': '#d55e00',
  'series-2': '#009e73',
  'series-3': '#b0528f',
  'series-4': '#b77a00',
  'series-5': '#2a9fd6',
  'series-6': '#4b4b4b',
};

const variables = (colors: Readonly<Record<string, string>>) =>
  Object.entries(colors)
    .map(([name, color]) => `--${name}: ${color};`)
    .join(' ');

/** The style sheet of every page: a paper on a light or a dark screen, and in print. */
export const STYLE = `
:root {
  color-scheme: light dark;
  ${variables(LIGHT_COLORS)}
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --text: #e4e7eb; --muted: #9aa3af; --rule: #3c434d; --faint: #1d2127; --accent: #7db8f0;
    --series-0: #56b4e9; --series-1: #ff8c42; --series-2: #2cc99a; --series-3: #e59bc4; --series-4: #f0c04a; --series-5: #8ea6ff; --series-6: #d0d0d0;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 64rem; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .8rem; padding-bottom: .25rem; border-bottom: 1px solid var(--rule); }
p { margin: .6rem 0; max-width: 48rem; }
a { color: var(--accent); }
.lead { font-size: 1.1rem; color: var(--muted); }
.meta, nav { font-size: .875rem; color: var(--muted); }
nav { margin-top: 1rem; display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
.verdict { margin: 0; padding: .6rem 1.2rem .9rem; background: var(--faint); border-left: 4px solid var(--accent); }
.verdict dt { font-weight: 600; margin: .6rem 0 .1rem; }
.verdict dd { margin: .2rem 0 .2rem 1.1rem; display: list-item; list-style: disc; }
figure { margin: 1.6rem 0; }
figcaption, .caption { font-size: .875rem; }
p.caption { margin: 1.4rem 0 .4rem; max-width: none; }
figcaption { margin-top: .5rem; }
.scroll { overflow-x: auto; margin: .4rem 0; }
.folded { margin: 1.4rem 0 .4rem; }
.folded .caption { color: var(--text); }
.rows { font-size: .8rem; color: var(--muted); white-space: nowrap; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; line-height: 1.35; font-variant-numeric: tabular-nums; border-bottom: 1.5px solid var(--text); }
thead tr { border-top: 1.5px solid var(--text); border-bottom: 1px solid var(--text); }
th, td { padding: .32rem .6rem; text-align: left; vertical-align: baseline; font-weight: 400; }
thead th { font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { padding-left: .2rem; }
.right { text-align: right; }
td.right, th[scope=row] { white-space: nowrap; }
tbody + tbody { border-top: 1px solid var(--rule); }
th.group { font-weight: 600; padding-top: .7rem; }
.range { font-size: .92em; color: var(--muted); }
.wide .range { display: block; }
.dense { font-size: .8rem; }
.dense th, .dense td { padding: .3rem .35rem; }
tbody tr:not(:has(.group)):hover { background: var(--faint); }
.notes { margin: .3rem 0 0; padding: 0; list-style: none; font-size: .8rem; color: var(--muted); }
.panels { display: flex; flex-wrap: wrap; gap: .6rem 1rem; }
.panel { max-width: 100%; margin: 0; }
.panel h3 { font-size: .875rem; margin: 0 0 .1rem; }
.plot { display: block; max-width: 100%; height: auto; font-family: inherit; font-size: 12px; }
.plot text { white-space: pre; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: 0 0 .6rem; padding: 0; list-style: none; font-size: .875rem; }
.legend svg { vertical-align: middle; margin-right: .4rem; }
summary { cursor: pointer; color: var(--accent); }
pre { overflow-x: auto; padding: 1rem; background: var(--faint); font: .8rem/1.45 ui-monospace, 'DejaVu Sans Mono', Consolas, monospace; }
@media screen and (min-width: 70rem) { .scroll:has(> .dense) { margin-inline: calc((61rem - min(100vw - 3rem, 80rem)) / 2); } }
@media screen and (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; }
  .range { display: block; }
  th, td { padding: .3rem .45rem; }
  th[scope=row] { position: sticky; left: 0; background: var(--page); background-clip: padding-box; white-space: normal; min-width: 6.5rem; max-width: 10rem; }
  tr:hover > th[scope=row] { background: var(--faint); }
  .group > span { position: sticky; left: .2rem; display: inline-block; max-width: calc(100vw - 2.5rem); }
  .drawing { overflow-x: auto; }
  .drawing > .plot { max-width: none; width: 40rem; }
}
@page { size: A4; margin: 16mm 14mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  nav { display: none; }
  h2, h3, .caption, thead, thead tr, .legend, tr:has(.group) { break-after: avoid; }
  .folded:not([open]) .rows::after { content: ', not printed while folded'; }
  figcaption { break-before: avoid; }
  .panel:has(> [width='460']) { max-width: 48%; }
  .panel:has(> [width='228']) { max-width: 23%; }
  tr, .panel, .verdict dd { break-inside: avoid; }
  .verdict dt { break-after: avoid; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  table, .dense { font-size: 8pt; }
  .caption, figcaption, .legend { font-size: 9pt; }
  .notes { font-size: 7.5pt; }
  thead th { padding-bottom: .4rem; }
  th, td { padding: .2rem .35rem; }
  pre { white-space: pre-wrap; }
  details:not(.folded)::details-content { content-visibility: visible; block-size: auto; }
}
`;
