// The rows of the list: a grid of which only the visible part is drawn.
import { STATUS_WORDS, latency, name, status } from "../../lib/calls.js";
import { cx, html, useEffect, useState } from "../../lib/dom.js";
import { showsCalls, sorted } from "../../lib/filters.js";
import { cost as money, duration, inAndOut, short } from "../../lib/format.js";
import { useKeys } from "../../lib/keys.js";
import { go, link, setQuery } from "../../lib/router.js";
import { scoresOf, valueOf } from "../../lib/scores.js";
import { spentBy } from "../../lib/usage.js";
import { useMedia, useWindow } from "../../lib/window.js";
import { Status, Text, Time, Waiting } from "../../parts/basics.js";
import { OffClock } from "../../parts/clock.js";
import { ScoreValue } from "../../parts/score.js";

const ROW_PX = 32;
const NARROW_ROW_PX = 58;
const AHEAD_ROWS = 40;

export function Rows({ feed, state, query, reading, picked, setPicked }) {
  const narrow = useMedia("(max-width: 720px)");
  const height = narrow ? NARROW_ROW_PX : ROW_PX;
  const { rows, usage } = state;
  const { ref, start, end, top, reveal } = useWindow(rows.length, height);
  const [chosen, setChosen] = useState(null);
  const at = rows.findIndex((row) => row.id === chosen);
  reading.current = () => !top || ref.current?.contains(document.activeElement) || selecting(ref.current);
  useEffect(() => {
    if (end + AHEAD_ROWS > rows.length && rows.length && !state.error) feed.more();
  }, [end, rows.length]);
  const move = (step) => {
    const next = Math.max(0, Math.min(rows.length - 1, at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step));
    if (!rows[next]) return;
    setChosen(rows[next].id);
    reveal(next);
    requestAnimationFrame(() => ref.current?.querySelector(`[data-id="${CSS.escape(rows[next].id)}"] a`)?.focus({ preventScroll: true }));
  };
  useKeys("Rows", [
    { keys: ["j", "ArrowDown"], does: "Next row", run: () => move(1) },
    { keys: ["k", "ArrowUp"], does: "Row before", run: () => move(-1) },
    { keys: "Enter", does: "Open it", run: () => (rows[at] ? go(target(rows[at])) : false) },
    { keys: "Escape", does: "Back to the top", run: () => leave(ref.current, setChosen) },
  ]);
  const pick = (id) => setPicked(picked.has(id) ? new Set([...picked].filter((one) => one !== id)) : new Set([...picked, id]));
  const drawn = rows.slice(start, end);
  const scores = scoresOf(query.scores);
  const style = scores.length ? { "--score-columns": `repeat(${scores.length}, 96px)` } : {};
  return html`<div class=${cx("rows", picked && "rows-picking")} style=${style} role="grid" aria-label=${showsCalls(query) ? "Calls" : "Traces"}
    aria-rowcount=${state.done ? rows.length + 1 : -1} aria-busy=${state.loading} ref=${ref}>
    <${Head} scores=${scores} query=${query} />
    <div class="rows-all" role="rowgroup" style=${{ height: `${rows.length * height}px` }}>
      ${drawn.map(
        (row, index) => html`<${Row} key=${row.id} row=${row} index=${start + index} height=${height}
        spent=${usage.get(row.id)} chosen=${row.id === chosen} onChoose=${setChosen} scores=${scores}
        picked=${picked?.has(row.id)} onPick=${picked && pick} />`,
      )}
    </div>
    ${state.loading && (rows.length ? html`<p class="rows-more soft">Loading more…</p>` : html`<${Waiting} />`)}
  </div>`;
}

function leave(scroller, setChosen) {
  setChosen(null);
  document.activeElement?.blur();
  scroller?.scrollTo({ top: 0 });
}

function selecting(within) {
  const selection = getSelection();
  return Boolean(selection && !selection.isCollapsed && within?.contains(selection.anchorNode));
}

const target = (row) => link("trace", [row.trace_id], row.parent_id ? { call: row.id } : {});

const HEADS = [
  ["name", "Name"],
  ["when", "Started"],
  ["took", "Latency"],
  ["tokens", "Tokens"],
  ["cost", "Cost"],
  ["model", "Model"],
  ["thread", "Thread"],
];

const Head = ({ scores, query }) => html`<div class="row row-head" role="row" aria-rowindex="1">
  ${HEADS.slice(0, BEFORE_SCORES).map(plainHead)}
  ${scores.map((score) => html`<${ScoreHead} key=${score.id} score=${score} query=${query} />`)}
  ${HEADS.slice(BEFORE_SCORES).map(plainHead)}
</div>`;

const BEFORE_SCORES = 5;
const plainHead = ([id, word]) => html`<span key=${id} role="columnheader" class=${`cell-${id}`}>${word}</span>`;
const NEXT_ORDER = { none: "-", descending: "", ascending: null };
const MARKS = { none: "", descending: " ↓", ascending: " ↑" };

/** A click puts the highest first, then the lowest, then the newest. */
function ScoreHead({ score, query }) {
  const isSorted = sorted(query).score?.id === score.id;
  const order = isSorted ? (query.sort.startsWith("-") ? "descending" : "ascending") : "none";
  const sign = NEXT_ORDER[order];
  const turn = () => setQuery({ sort: sign === null ? null : sign + score.id }, { replace: false });
  return html`<span role="columnheader" class="cell-score" aria-sort=${order}><button type="button" class="sort" title=${`Sort by ${score.label}`}
    onClick=${turn}><${Text}>${score.label}<//>${MARKS[order]}</button></span>`;
}

function Row({ row, index, height, spent: known, chosen, onChoose, scores, picked, onPick }) {
  const { tokens, cost, models } = known ?? spentBy(row);
  const error = row.exception?.split("\n", 1)[0];
  const word = status(row);
  return html`<div class=${cx("row", `row-is-${word}`, chosen && "row-chosen")} role="row" data-id=${row.id} aria-rowindex=${index + 2}
    aria-selected=${String(chosen)} style=${{ transform: `translateY(${index * height}px)` }}>
    <span role="gridcell" class="cell-name">
      ${onPick && html`<input type="checkbox" class="pick" aria-label=${`Choose ${name(row)}`} checked=${picked} onChange=${() => onPick(row.id)} />`}
      <${Status} status=${word} bare />
      <a href=${target(row)} class="row-link" onFocus=${() => onChoose(row.id)}><${Text}>${name(row)}<//></a>
      ${error && html`<${Text} class="row-error">${error.slice(0, 300)}<//>`}
      <${OffClock} call=${row} />
      ${!error && word !== "success" && html`<span class="row-word">${STATUS_WORDS[word]}</span>`}
    </span>
    <span role="gridcell" class="cell-when"><${Time} iso=${row.started_at} /></span>
    <span role="gridcell" class="cell-took num">${duration(latency(row))}</span>
    <span role="gridcell" class="cell-tokens num" title=${tokens && inAndOut(tokens)}>
      ${tokens && short(tokens.total)}</span>
    <span role="gridcell" class="cell-cost num">${money(cost)}</span>
    ${scores.map((score) => html`<span key=${score.id} role="gridcell" class="cell-score"><${ScoreValue} value=${valueOf(row, score)} /></span>`)}
    <span role="gridcell" class="cell-model" title=${models.join(", ")}><${Text}>${models[0]}<//>${models.length > 1 && ` +${models.length - 1}`}</span>
    <span role="gridcell" class="cell-thread">
      ${
        row.thread_id &&
        html`<button type="button" class="thread" title=${`Only thread ${row.thread_id}`}
        onClick=${() => setQuery({ thread: row.thread_id }, {})}><${Text}>${row.thread_id}<//></button>`
      }
    </span>
  </div>`;
}
