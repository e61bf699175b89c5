// The tree and the waterfall, side by side, row by row; only rows in sight are drawn.
import { cx, html, useLayoutEffect, useMemo, useRef, useState } from "../../lib/dom.js";
import { duration, plural } from "../../lib/format.js";
import { useKeys } from "../../lib/keys.js";
import { useWindow } from "../../lib/window.js";
import { Status, Text } from "../../parts/basics.js";
import { Icon } from "../../parts/icon.js";
import { described } from "../call/load.js";
import { Bar, ticks } from "./bars.js";
import { above, below, visible } from "./tree.js";

const ROW_PX = 28;
const HEAD_PX = 30;
const INDENT_PX = 14;
const MOST_INDENT = 16;

export function TreeGrid({ tree, extras, chosen, onChoose }) {
  const [folded, setFolded] = useState(() => new Set());
  const [sought, setSought] = useState("");
  const rows = useMemo(() => visible(tree.roots, folded), [tree, folded]);
  const { ref, start, end, reveal } = useWindow(rows.length, ROW_PX, HEAD_PX);
  const at = rows.findIndex((one) => one.id === chosen);
  useFocusKept(ref, chosen, at, reveal);
  const fold = (one, shut) => setFolded((now) => withChange(now, one.id, shut));
  const show = (one) => {
    setFolded((now) => new Set([...now].filter((id) => !above(one).includes(id))));
    onChoose(one.id);
  };
  useTreeKeys({ rows, at, tree, folded, fold, show, onChoose, sought });
  const scale = { start: tree.start, span: Math.max(tree.end - tree.start, 0.001) };
  return html`<section class="tree" aria-label="Calls of the trace">
    <div class="tree-scroll" ref=${ref} role="treegrid" aria-label="Calls" aria-rowcount=${rows.length + 1} tabindex="-1">
      <${Head} scale=${scale} sought=${sought} onSeek=${setSought} found=${matches(rows, sought)}
        onNext=${() => seek(rows, at, sought, 1, onChoose)} />
      <div class="tree-rows" role="rowgroup" style=${{ height: `${rows.length * ROW_PX}px` }}>
        ${rows.slice(start, end).map(
          (one, index) => html`<${Row} key=${one.id} node=${one} kind=${kindOf(one, extras.kinds)}
          notes=${extras.notes.get(one.id)} top=${(start + index) * ROW_PX} index=${start + index} scale=${scale}
          chosen=${one.id === chosen} folded=${folded.has(one.id)} marked=${sought !== "" && fits(one, sought)} onChoose=${onChoose}
          onFold=${fold} />`,
        )}
      </div>
    </div>
  </section>`;
}

/** Keep the chosen row in sight, and focused if the tree had the focus. */
function useFocusKept(ref, chosen, at, reveal) {
  const first = useRef(true);
  useLayoutEffect(() => {
    if (at < 0) return;
    reveal(at);
    if (first.current || ref.current?.contains(document.activeElement)) {
      requestAnimationFrame(() => {
        if (!document.querySelector("dialog[open]")) ref.current?.querySelector('[aria-selected="true"]')?.focus({ preventScroll: true });
      });
    }
    first.current = false;
  }, [chosen]);
}

function withChange(now, id, shut) {
  const next = new Set(now);
  if (shut) next.add(id);
  else next.delete(id);
  return next;
}

const fits = (one, sought) => one.name.toLowerCase().includes(sought.toLowerCase());
const matches = (rows, sought) => (sought ? rows.filter((one) => fits(one, sought)).length : null);

function seek(rows, at, sought, step, onChoose) {
  for (let tried = 1; sought && tried <= rows.length; tried += 1) {
    const one = rows[(at + step * tried + rows.length * 2) % rows.length];
    if (fits(one, sought)) return onChoose(one.id);
  }
  return undefined;
}

/** `tool`, `agent`, `llm` or `other`: what a bar is coloured by. */
const kindOf = (one, kinds) => kinds.get(one.id) ?? (Object.keys(one.call.summary?.usage ?? {}).length ? "llm" : "other");

function useTreeKeys({ rows, at, tree, folded, fold, show, onChoose, sought }) {
  const here = rows[at];
  const to = (index) => rows[index] && onChoose(rows[Math.max(0, index)].id);
  const error = (step) => {
    const all = visible(tree.roots, new Set());
    const from = all.findIndex((one) => one === here);
    for (let tried = 1; tried <= all.length; tried += 1) {
      const one = all[(from + step * tried + all.length * 2) % all.length];
      if (one.status === "error") return show(one);
    }
    return undefined;
  };
  const inward = () => (here?.children.length && folded.has(here.id) ? fold(here, false) : here?.children.length && to(at + 1));
  const outward = () => (here?.children.length && !folded.has(here.id) ? fold(here, true) : here?.parent && onChoose(here.parent.id));
  useKeys("Tree", [
    { keys: ["j", "ArrowDown"], does: "Next call", run: () => to(Math.min(at + 1, rows.length - 1)) },
    { keys: ["k", "ArrowUp"], does: "Call before", run: () => to(Math.max(at - 1, 0)) },
    { keys: ["l", "ArrowRight"], does: "Unfold", run: inward },
    { keys: ["h", "ArrowLeft"], does: "Fold, or to the parent", run: outward },
    { keys: "e", does: "Next error", run: () => error(1) },
    { keys: "E", does: "Error before", run: () => error(-1) },
    { keys: "/", does: "Find a name", run: () => document.getElementById("tree-seek")?.focus() },
    { keys: "n", does: "Next found", run: () => seek(rows, at, sought, 1, onChoose) },
    { keys: "Home", does: "First call", run: () => to(0) },
    { keys: "End", does: "Last call", run: () => to(rows.length - 1) },
    { keys: "Enter", does: "Read the call", run: () => document.getElementById("call")?.focus() },
  ]);
}

function Head({ scale, sought, onSeek, found, onNext }) {
  const onKeyDown = (event) => {
    if (event.key === "Enter") onNext();
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onSeek("");
    event.target.blur();
  };
  return html`<div class="tree-head tree-grid" role="row" aria-rowindex="1">
    <span role="columnheader" class="tree-seek"><input id="tree-seek" type="search" aria-label="Find calls by name"
      placeholder="Find a name" value=${sought} dir="auto" onInput=${(event) => onSeek(event.target.value)} onKeyDown=${onKeyDown} />
      ${found !== null && html`<span class="soft num" role="status">${found} found</span>`}</span>
    <span role="columnheader" class="num">Took</span>
    <span role="columnheader" class="num tree-self">Self</span>
    <span role="columnheader" class="axis" aria-label="Time">${ticks(scale.span).map(
      ({ at, text }) => html`<span key=${at}
      class="tick num" style=${{ insetInlineStart: `${at * 100}%` }}>${text}</span>`,
    )}</span>
  </div>`;
}

function Row({ node, kind, notes, top, index, scale, chosen, folded, marked, onChoose, onFold }) {
  const { children } = node;
  const toggle = (event) => {
    event.stopPropagation();
    onFold(node, !folded);
  };
  return html`<div class=${cx("tree-row tree-grid", `row-is-${node.status}`, chosen && "row-chosen", marked && "row-found")} role="row"
    data-id=${node.id} aria-level=${node.depth + 1} aria-rowindex=${index + 2} aria-selected=${String(chosen)}
    aria-expanded=${children.length ? String(!folded) : null} tabindex=${chosen ? 0 : -1} style=${{ transform: `translateY(${top}px)` }}
    onClick=${() => onChoose(node.id)}>
    <span role="gridcell" class="tree-name" style=${{ paddingInlineStart: `${Math.min(node.depth, MOST_INDENT) * INDENT_PX}px` }}>
      ${
        children.length
          ? html`<button type="button" class="twist" tabindex="-1" aria-label=${folded ? "Unfold" : "Fold"}
        onClick=${toggle}><${Icon} name=${folded ? "right" : "down"} /></button>`
          : html`<span class="twist"></span>`
      }
      <${Status} status=${node.status} bare />
      ${node.orphan && html`<span class="badge" title="Its parent is not in this trace">no parent</span>`}
      ${node.depth > MOST_INDENT && html`<span class="badge" title="Depth">${node.depth}</span>`}
      <${Text} class="tree-text">${node.name}<//>
      ${folded && html`<span class="badge">${below(node)}</span>`}
      ${notes && html`<${Notes} entries=${notes} />`}
    </span>
    <span role="gridcell" class="num">${node.took === null ? "…" : duration(node.took)}</span>
    <span role="gridcell" class="num tree-self soft">${children.length ? duration(node.self) : ""}</span>
    <span role="gridcell" class="track"><${Bar} node=${node} kind=${kind} scale=${scale} /></span>
  </div>`;
}

/** What was said about a call, in little room: reactions as they are, one score with its value, else a count. */
function Notes({ entries }) {
  const all = entries.map(described);
  const emojis = [...new Set(all.filter((one) => one.sort === "reaction").map((one) => one.value))].slice(0, 3).join("");
  const scores = all.filter((one) => one.sort === "score");
  const [score] = scores;
  const single =
    scores.length === 1 && !(score.value !== null && typeof score.value === "object")
      ? `${score.name} ${typeof score.value === "number" ? Number(score.value.toPrecision(3)) : score.value}`
      : plural(scores.length, "score");
  const rest = all.length - scores.length - all.filter((one) => one.sort === "reaction").length;
  const words = [scores.length && single, rest && plural(rest, "note"), emojis].filter(Boolean).join(" · ");
  return html`<span class="badge scored" title=${`Feedback: ${words}`}><span
    class="unseen">Feedback: </span><bdi>${words.slice(0, 40)}</bdi></span>`;
}
