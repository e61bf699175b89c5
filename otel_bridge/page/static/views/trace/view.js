// One trace: its tree, its waterfall, and the call that is chosen.
import { html, useEffect, useMemo, useRef, useState } from "../../lib/dom.js";
import { cost as money, count, duration, plural, short } from "../../lib/format.js";
import { useKeys } from "../../lib/keys.js";
import { useLive, useLoad } from "../../lib/live.js";
import { useReady } from "../../lib/ready.js";
import { back, link, setQuery } from "../../lib/router.js";
import { useMedia } from "../../lib/window.js";
import { Empty, Failure, Time, Waiting } from "../../parts/basics.js";
import { Icon } from "../../parts/icon.js";
import { CallPane } from "../call/pane.js";
import { hasChanged, loadExtras, loadTrace } from "./load.js";
import { Splitter } from "./splitter.js";
import { buildTree } from "./tree.js";
import { TreeGrid } from "./grid.js";

const MOST_ROOTS = 1000;
const FIRST_CALLS = 300;
const NOTHING = { kinds: new Map(), notes: new Map(), used: null };

export default function TraceView({ parts, query, project }) {
  const [traceId] = parts;
  if (!traceId) return html`<${Missing} traceId="" project=${project} />`;
  return html`<${Trace} key=${traceId} traceId=${traceId} query=${query} project=${project} />`;
}

function Trace({ traceId, query, project }) {
  const [partial, setPartial] = useState(null);
  const { data, error, loading, reload } = useLoad(
    (signal) => loadTrace(project, traceId, signal, progress(setPartial)),
    [project, traceId],
  );
  const calls = data ?? partial;
  const tree = useMemo(() => (calls?.length ? buildTree(calls) : null), [calls]);
  const { data: extras } = useLoad(
    async (signal) =>
      data &&
      tree &&
      loadExtras(
        project,
        traceId,
        tree.roots.slice(0, MOST_ROOTS).map((one) => one.id),
        signal,
      ),
    [data],
  );
  useLive(
    async (signal) => {
      if (data && (await hasChanged(project, traceId, data, signal))) reload();
    },
    [data],
  );
  const title = tree?.roots[0].name;
  useEffect(() => {
    if (title) document.title = `${title.slice(0, 80)} · ${project} · otel-bridge`;
  }, [title, project]);
  useReady(!loading || Boolean(tree));
  useKeys("Trace", [{ keys: "Escape", does: "Back to the list", run: () => leave(query) }]);
  if (error && !tree) return html`<${Failure} error=${error} retry=${reload} />`;
  if (!tree) return loading ? html`<${Waiting} what="Loading the trace" />` : html`<${Missing} traceId=${traceId} project=${project} />`;
  return html`<${Loaded} tree=${tree} extras=${extras ?? NOTHING} query=${query} project=${project} traceId=${traceId} loading=${!data}
    onChange=${reload} />`;
}

/** Show the beginning of a long trace before the rest has come. */
function progress(show) {
  let shown = false;
  return (calls) => {
    if (shown || calls.length < FIRST_CALLS) return;
    shown = true;
    show(calls.slice());
  };
}

function leave(query) {
  if (query.call && matchMedia("(max-width: 900px)").matches) setQuery({ call: null });
  else back(link("traces"));
}

const Missing = ({ traceId, project }) => html`<${Empty} title="This trace is not here">
  <p>There is no trace <code>${traceId}</code> in the project <strong><bdi>${project}</bdi></strong>.
    It may have been deleted, be older than what is kept, or belong to another project.</p>
  <p><a href=${link("traces")}>Open the newest traces</a></p>
<//>`;

function Loaded({ tree, extras, query, project, traceId, loading, onChange }) {
  const stacked = useMedia("(max-width: 900px)");
  const first = tree.roots[0];
  const chosen = tree.nodes.get(query.call) ?? (stacked ? null : first);
  const grid = useRef(null);
  const choose = (id) => setQuery({ call: id });
  const layout = useRef(null);
  const showsTree = !stacked || !chosen;
  const errors = useMemo(() => [...tree.nodes.values()].filter((one) => one.status === "error").length, [tree]);
  const { used, notes } = extras;
  return html`<div class="trace">
    ${
      showsTree &&
      html`<header class="trace-head">
      <a class="button quiet icon" href=${link("traces")} aria-label="Back to the list" title="Back to the list (Esc)"><${Icon}
        name="back" /></a>
      <h1><bdi dir="auto">${first.name}</bdi></h1>
      <dl class="facts">
        <div><dt>Started</dt><dd><${Time} ms=${tree.start} /></dd></div>
        <div><dt>Took</dt><dd class="num">${duration(tree.end - tree.start)}</dd></div>
        <div><dt>Calls</dt><dd class="num">${count(tree.nodes.size)}${loading && "…"}</dd></div>
        ${errors > 0 && html`<div><dt>Errors</dt><dd class="num bad">${count(errors)}</dd></div>`}
        ${used?.tokens > 0 && html`<div><dt>Tokens</dt><dd class="num" title=${count(used.tokens)}>${short(used.tokens)}</dd></div>`}
        ${used && used.cost !== null && html`<div><dt>Cost</dt><dd class="num">${money(used.cost)}</dd></div>`}
        ${notes.size > 0 && html`<div><dt>Feedback</dt><dd class="num">${plural(notes.size, "call")}</dd></div>`}
        ${
          first.call.thread_id &&
          html`<div><dt>Thread</dt><dd><a href=${link("threads", [first.call.thread_id])}><bdi
          dir="auto">${first.call.thread_id}</bdi></a></dd></div>`
        }
      </dl>
    </header>`
    }
    <div class="trace-panes" ref=${layout}>
      ${showsTree && html`<${TreeGrid} tree=${tree} extras=${extras} chosen=${chosen?.id} onChoose=${choose} gridRef=${grid} />`}
      ${!stacked && html`<${Splitter} layout=${layout} />`}
      ${
        chosen &&
        html`<${CallPane} key=${chosen.id} id=${chosen.id} node=${chosen} project=${project} stacked=${stacked}
        onBack=${() => setQuery({ call: null })} onChange=${onChange} />`
      }
    </div>
  </div>`;
}
