"""The style sheet of all pages: light and dark, from a phone to paper.

What may be wider than a narrow window scrolls inside its own box (class ``scroll``); the page
itself never does. Paper is always light.
"""

from seed.cli.report.colours import dark_variables, light_variables

RULES = """
* { box-sizing: border-box; }
html { background: var(--page); color: var(--ink); -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 2.2rem 1.5rem 4rem; max-width: 70rem; overflow-wrap: break-word;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
  "Liberation Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.6rem 0 .8rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; } p { margin: .3rem 0 .8rem; max-width: 46rem; }
.soft, figcaption { color: var(--soft); }
p > b { overflow-wrap: anywhere; }
.note { background: var(--note); border-radius: .6rem; padding: .6rem 1rem; }
.cards { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; }
.card { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem 1.1rem;
  flex: 1 1 9rem; }
.card b { display: block; font-size: 1.45rem; line-height: 1.3; white-space: nowrap; }
.card span { font-size: .85rem; }
.card.big { flex-grow: 3; }
.scroll { overflow-x: auto; max-width: 100%; position: relative; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0;
  border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; font-size: .85rem; color: var(--soft); }
tbody th { font-weight: inherit; min-width: 8rem; }
td.n, th.n { text-align: right; white-space: nowrap; padding-left: .8rem; }
.plots { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr));
  grid-auto-flow: dense; gap: 2rem; }
figure { margin: 0; min-width: 0; break-inside: avoid; } figure.wide { grid-column: 1 / -1; }
figure.wide svg { min-width: 46rem; }
figcaption { font-size: .85rem; line-height: 1.4; }
svg { width: 100%; height: auto; display: block; } svg text { font-family: inherit !important; }
svg.key { width: 3.5rem; height: .6rem; display: inline-block; }
code, pre { font: .85rem/1.45 ui-monospace, "Cascadia Mono", Menlo, "Liberation Mono",
  monospace; }
code { overflow-wrap: anywhere; white-space: pre-wrap; } .samples td { break-inside: avoid; }
.samples { table-layout: fixed; min-width: 36rem; }
.samples th:nth-child(3) { width: 34%; } .samples th:last-child { width: 5rem; }
.scroll + h3, .scroll + figure, .scroll + .note, figure + h3 { margin-top: 1.6rem; }
.runs tbody th { min-width: 0; } .runs code, .settings th { white-space: nowrap; }
.correct { color: var(--correct); } .wrong { color: var(--wrong); } .outcome { font-weight: 600; }
.grid { width: auto; margin-top: .35rem; font: .75rem/1 ui-monospace, Menlo, monospace; }
.grid td { width: 1.35rem; height: 1.35rem; padding: 0; text-align: center;
  vertical-align: middle; border: 1px solid var(--cell); -webkit-print-color-adjust: exact;
  print-color-adjust: exact; }
.grid .wall { background: var(--wall); color: var(--wall); } .grid .free { color: transparent; }
.grid .start { background: var(--start); } .grid .goal { background: var(--goal); }
details { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem 1.1rem; }
details + details { margin-top: .6rem; }
summary { cursor: pointer; font-weight: 600; }
pre { margin: .6rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1rem;
  margin: .6rem 0 0; } dt { color: var(--soft); } dd { margin: 0; }
.filters { display: flex; flex-wrap: wrap; gap: .6rem 1rem; margin: .8rem 0; align-items: end; }
.filters label { font-size: .85rem; color: var(--soft); } .filters [hidden] { display: none; }
.filters input, .filters select { display: block; font: inherit; color: var(--ink);
  background: var(--page); border: 1px solid var(--line); border-radius: .4rem;
  padding: .3rem .5rem; max-width: 20rem; }
.problem > summary { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-weight: inherit; }
.problem > summary .text { flex: 1 1 18rem; min-width: 0; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; color: var(--soft); }
.problem pre { max-height: 30rem; overflow-y: auto; }
@media (max-width: 48rem) { .plots { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 32rem) { body { padding: 1.2rem .8rem 3rem; } .card { padding: .6rem .8rem; }
  h1 { font-size: 1.45rem; } dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: .5rem; } }
@media print { html { font-size: 11px; } body { padding: 0; max-width: none; }
  .scroll { overflow: visible; } figure.wide svg, .samples { min-width: 0; }
  .plots { grid-template-columns: 1fr 1fr; gap: 1rem; } h2 { break-after: avoid; } }
"""

STYLESHEET = (
    f"\n:root {{ color-scheme: light; {light_variables()}; }}"
    "\n@media screen and (prefers-color-scheme: dark) {"
    f" :root {{ color-scheme: light dark; {dark_variables()}; }} }}{RULES}"
)
