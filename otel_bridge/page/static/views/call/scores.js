// What scorers said about a call: verdicts, the runs that gave them, and runs that failed.
import { list } from "../../lib/api.js";
import { callRef } from "../../lib/calls.js";
import { html, useState } from "../../lib/dom.js";
import { NEWEST } from "../../lib/filters.js";
import { useLoad } from "../../lib/live.js";
import { link } from "../../lib/router.js";
import { listedAt } from "../../lib/places.js";
import { nameOf, RUNNABLE } from "../../lib/scores.js";
import { failedRunsOn, idIn, runOf, scores, versionIn } from "../../lib/scoring.js";
import { useStore } from "../../lib/store.js";
import { Text, Time } from "../../parts/basics.js";
import { Json } from "../../parts/json.js";
import { ScoreValue } from "../../parts/score.js";
import { ScoreDialog } from "../../parts/scoring.js";

const MOST_FAILED = 20;

export const isScore = (entry) => entry.feedback_type.startsWith(RUNNABLE);

export function Scores({ call, project, entries, onChange }) {
  const canScore = useStore(scores);
  const { data } = useLoad((signal) => failedRuns(call, project, signal), [project, call]);
  const failed = data ?? [];
  const [asking, setAsking] = useState(false);
  return html`<div class="scores">
    ${entries.length + failed.length > 0 && html`<${Said} entries=${entries} failed=${failed} />`}
    ${
      canScore &&
      html`<p class="scores-ask"><button type="button" class="button" onClick=${() => setAsking(true)}>Score…</button></p>`
    }
    ${
      asking &&
      html`<${ScoreDialog} project=${project} what="This call" load=${async () => [call.id]} onDone=${onChange}
      onClose=${() => setAsking(false)} />`
    }
  </div>`;
}

/** Runs of scorers on the call that ended with an error: these give no feedback. The newest of each scorer. */
async function failedRuns(call, project, signal) {
  if (!call.ended_at) return [];
  const since = { $gte: [{ $getField: "started_at" }, { $literal: listedAt(call) }] };
  const ask = {
    project_id: project,
    query: { $expr: { $and: [...failedRunsOn(callRef(project, call.id)).$and, since] } },
    sort_by: NEWEST,
    columns: ["id", "attributes", "exception", "started_at"],
    limit: MOST_FAILED,
  };
  const found = await list("/calls/stream_query", ask, { signal }).catch((error) => {
    if (error.status) return [];
    throw error;
  });
  return [...Map.groupBy(found, (run) => runOf(run)?.scorer).values()].map(([newest]) => newest);
}

function Said({ entries, failed }) {
  const passed = new Map(entries.map((one) => [one.runnable_ref, one.created_at]));
  const still = failed.filter((run) => !(passed.get(runOf(run)?.scorer) > run.started_at));
  return html`<div class="table-scroll"><table class="scores-said">
    <thead><tr>${["Scorer", "Result", "Run", "Monitor", "When"].map((word) => html`<th key=${word} scope="col">${word}</th>`)}</tr></thead>
    <tbody>
      ${entries.map((one) => html`<${Verdict} key=${one.id} entry=${one} />`)}
      ${still.map((run) => html`<${FailedRun} key=${run.id} run=${run} />`)}
    </tbody>
  </table></div>`;
}

function Verdict({ entry }) {
  const { output } = entry.payload;
  const run = idIn(entry.call_ref);
  const isTree = output !== null && typeof output === "object";
  return html`<tr data-score=${nameOf(entry.feedback_type)}>
    <th scope="row"><${Name} name=${nameOf(entry.feedback_type)} of=${entry.runnable_ref} /></th>
    <td class="score-said">${isTree ? html`<${Json} value=${output} open=${1} />` : html`<${ScoreValue} value=${output} />`}</td>
    <td>${run && html`<a href=${link("call", [run])}>Run</a>`}</td>
    <td><${Monitor} of=${entry.trigger_ref} /></td>
    <td class="soft"><${Time} iso=${entry.created_at} /></td>
  </tr>`;
}

function FailedRun({ run }) {
  const { scorer, monitor } = runOf(run);
  return html`<tr data-score=${versionIn(scorer)?.name}>
    <th scope="row"><${Name} name=${versionIn(scorer)?.name ?? scorer} of=${scorer} /></th>
    <td class="score-said bad">failed: <${Text}>${run.exception?.split("\n", 1)[0]}<//></td>
    <td><a href=${link("call", [run.id])}>Run</a></td>
    <td><${Monitor} of=${monitor} /></td>
    <td class="soft"><${Time} iso=${run.started_at} /></td>
  </tr>`;
}

function Name({ name, of }) {
  const version = versionIn(of)?.version;
  return html`<${Text}>${name}<//>${version && html` <code class="soft" title=${of}>${version}</code>`}`;
}

function Monitor({ of }) {
  const found = versionIn(of);
  return found && html`<span title=${of}><${Text}>${found.name}<//> <code class="soft">${found.version}</code></span>`;
}
