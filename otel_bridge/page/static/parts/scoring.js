// Asking for scores: which scorers, and how it goes.
import { html, useState } from "../lib/dom.js";
import { count, plural } from "../lib/format.js";
import { useLive, useLoad } from "../lib/live.js";
import { link } from "../lib/router.js";
import { score, scorersOf, scoringOf, sumOf } from "../lib/scoring.js";
import { Failure, Text, Waiting } from "./basics.js";
import { Dialog } from "./dialog.js";

const AGAIN_MS = 700;

/** `what` says which calls; `load()` resolves to their ids. `onDone` is called when all is scored. */
export function ScoreDialog({ project, what, load, onClose, onDone }) {
  const [job, setJob] = useState(null);
  return html`<${Dialog} title="Score" onClose=${onClose} class="scoring-dialog">
    <p>${what}</p>
    ${
      job
        ? html`<${Progress} project=${project} job=${job} onClose=${onClose} onDone=${onDone} />`
        : html`<${Choose} project=${project} load=${load} onJob=${setJob} />`
    }
  <//>`;
}

function Choose({ project, load, onJob }) {
  const { data, error, loading, reload } = useLoad((signal) => scorersOf(project, signal), [project]);
  const [chosen, setChosen] = useState([]);
  const [again, setAgain] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState(null);
  const flip = (one) => setChosen(chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]);
  const ask = async (event) => {
    event.preventDefault();
    setBusy(true);
    setRefused(null);
    try {
      const ids = await load();
      onJob({ id: await score(project, ids, chosen, again), calls: ids.length, scorers: chosen.length });
    } catch (problem) {
      setRefused(problem);
      setBusy(false);
    }
  };
  if (!data) return error ? html`<${Failure} error=${error} retry=${reload} />` : loading && html`<${Waiting} what="Looking for scorers" />`;
  return html`<form class="scoring-form" onSubmit=${ask}>
    ${refused && html`<${Failure} error=${refused} />`}
    <fieldset class="scorers"><legend>Scorers</legend>
      ${data.map((one) => html`<${Scorer} key=${one.ref ?? one.name} one=${one} chosen=${chosen} onFlip=${flip} />`)}
      ${!data.length && html`<p class="soft">There are none: name some in the configuration, or publish one.</p>`}
    </fieldset>
    <label class="check"><input type="checkbox" checked=${again} onChange=${(event) => setAgain(event.target.checked)} />
      Score again what was scored before</label>
    <p><button type="submit" class="button primary" disabled=${busy || !chosen.length}>${busy ? "Asking…" : "Score"}</button></p>
  </form>`;
}

function Scorer({ one, chosen, onFlip }) {
  const name = one.ref ?? one.name;
  return html`<label class="check scorer">
    <input type="checkbox" disabled=${!one.usable} checked=${chosen.includes(name)} onChange=${() => onFlip(name)} />
    <span><${Text}>${one.name}<//> <span class="soft">${[one.kind !== one.name && one.kind, one.ref && "published"].filter(Boolean).join(", ")}</span>
      ${one.description && html`<br /><${Text} class="soft">${one.description}<//>`}
      ${!one.usable && html`<br /><${Text} class="scorer-why">${one.why_not}<//>`}</span>
  </label>`;
}

const NOTHING = { counts: { queued: 0, leased: 0, done: 0, failed: 0 }, errors: [] };

function Progress({ project, job, onClose, onDone }) {
  const [now, setNow] = useState(null);
  const [error, setError] = useState(null);
  const { counts, errors } = now ?? NOTHING;
  const all = Math.max(sumOf(counts), job.calls * job.scorers);
  const over = now !== null && counts.queued + counts.leased === 0;
  useLive(
    async (signal) => {
      if (over) return;
      try {
        const found = (await scoringOf(project, { job: job.id, signal })) ?? NOTHING;
        setNow(found);
        setError(null);
        if (!found.counts.queued && !found.counts.leased) onDone?.();
      } catch (problem) {
        if (!signal.aborted) setError(problem);
      }
    },
    [job.id, over],
    AGAIN_MS,
  );
  const ready = counts.done + counts.failed;
  return html`<div class="scoring-progress" data-over=${String(over)}>
    ${error && html`<${Failure} error=${error} />`}
    <progress max=${over ? 1 : Math.max(all, 1)} value=${over ? 1 : ready} aria-label="Scored"></progress>
    <p role="status">${over ? "Ready: " : ""}${count(counts.done)} scored${
      counts.failed > 0 && html`, <span class="bad">${count(counts.failed)} failed</span>`
    }${!over && ` of ${plural(all, "score")}`}</p>
    ${errors.length > 0 && html`<${Errors} errors=${errors.slice(0, 5)} />`}
    <p class="scoring-ends"><a class="button" href=${link("scoring")}>How scoring goes</a>
      <button type="button" class="button primary" onClick=${onClose}>${over ? "Close" : "Go on without me"}</button></p>
  </div>`;
}

/** Why calls were not scored, each with its call. */
export const Errors = ({ errors }) => html`<ul class="scoring-errors">${errors.map(
  (one) => html`<li key=${one.call_id + one.scorer_ref}><a href=${link("call", [one.call_id])}><code>${one.call_id.slice(0, 8)}</code></a>
    <${Text}>${one.error}<//></li>`,
)}</ul>`;
