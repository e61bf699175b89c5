// Scores in the list: which stand in columns, and which calls are listed by what a scorer said.
import { html, useState } from "../../lib/dom.js";
import { useLoad } from "../../lib/live.js";
import { setQuery } from "../../lib/router.js";
import { conditionOf, scoreId, scoreOf, scoresOf } from "../../lib/scores.js";
import { knownScores, scores } from "../../lib/scoring.js";
import { useStore } from "../../lib/store.js";
import { Failure, Text, Waiting } from "../../parts/basics.js";
import { Dialog } from "../../parts/dialog.js";

const DAYS = 90;
const MOST_COLUMNS = 6;
const push = (changes) => setQuery(changes, { replace: false });

export function ScoresButton({ query, project }) {
  const [open, setOpen] = useState(false);
  const hidden = useStore(scores) === false;
  const set = scoresOf(query.scores).length + (query.score ? 1 : 0);
  if (hidden && !set) return null;
  return html`<button type="button" class="button quiet" aria-haspopup="dialog" onClick=${() => setOpen(true)}
      title="Scores as columns, and as a filter">Scores${set > 0 && html` <span class="badge">${set}</span>`}</button>
    ${open && html`<${Choose} query=${query} project=${project} onClose=${() => setOpen(false)} />`}`;
}

function Choose({ query, project, onClose }) {
  const since = Date.now() / 1000 - DAYS * 86_400;
  const { data, error, loading, reload } = useLoad((signal) => knownScores(project, { from: since }, signal), [project]);
  const known = (data ?? []).flatMap(({ type, paths }) => paths.map((one) => ({ ...scoreOf(scoreId(type, one.json_path)), ...one })));
  return html`<${Dialog} title="Scores" onClose=${onClose} class="scores-dialog">
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${loading && !data && html`<${Waiting} what="Looking for scores" />`}
    ${!loading && !error && !known.length && html`<p>No scorer has said anything about calls of this project in ${DAYS} days.</p>`}
    ${known.length > 0 && html`<${Columns} known=${known} query=${query} /><${Condition} known=${known} query=${query} onClose=${onClose} />`}
  <//>`;
}

function Columns({ known, query }) {
  const chosen = scoresOf(query.scores).map((one) => one.id);
  const flip = (id) => {
    const next = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id];
    push({ scores: next.join("~"), ...(query.sort?.endsWith(id) && !next.includes(id) && { sort: null }) });
  };
  return html`<fieldset class="scores-columns"><legend>Columns</legend>
    ${known.map(
      (one) => html`<label key=${one.id} class="check"><input type="checkbox" checked=${chosen.includes(one.id)}
      disabled=${!chosen.includes(one.id) && chosen.length >= MOST_COLUMNS} onChange=${() => flip(one.id)} />
      <${Text}>${one.label}<//> <span class="soft">${WORDS[one.value_type]}</span></label>`,
    )}
  </fieldset>`;
}

const WORDS = { numeric: "number", boolean: "true or false", categorical: "text" };
const OPERATORS = {
  numeric: { gte: "at least", lt: "below", eq: "exactly" },
  boolean: { eq: "is" },
  categorical: { eq: "is" },
};

/** Only calls of which a scorer said something. */
function Condition({ known, query, onClose }) {
  const now = conditionOf(query.score);
  const [id, setId] = useState(now?.score.id ?? known[0].id);
  const one = known.find((other) => other.id === id) ?? known[0];
  const operators = OPERATORS[one.value_type];
  const [operator, setOperator] = useState(now?.operator ?? "");
  const chosen = operator in operators ? operator : Object.keys(operators)[0];
  const [value, setValue] = useState(now?.value ?? "");
  const isBoolean = one.value_type === "boolean";
  const said = isBoolean && !["true", "false"].includes(value) ? "true" : value;
  const apply = (event) => {
    event.preventDefault();
    if (said === "") return;
    push({ score: `${one.id}|${chosen}|${said}` });
    onClose();
  };
  return html`<form class="scores-condition" onSubmit=${apply}>
    <fieldset><legend>Only calls with</legend>
      <select aria-label="Score" value=${one.id} onChange=${(event) => setId(event.target.value)}>
        ${known.map((other) => html`<option key=${other.id} value=${other.id}>${other.label}</option>`)}</select>
      <select aria-label="Comparison" value=${chosen} onChange=${(event) => setOperator(event.target.value)}>
        ${Object.entries(operators).map(([name, word]) => html`<option key=${name} value=${name}>${word}</option>`)}</select>
      ${
        isBoolean
          ? html`<select aria-label="Value" value=${said} onChange=${(event) => setValue(event.target.value)}><option
          value="true">true</option><option value="false">false</option></select>`
          : html`<input aria-label="Value" dir="auto" value=${value} onInput=${(event) => setValue(event.target.value)} />`
      }
      <button type="submit" class="button primary" disabled=${said === ""}>Filter</button>
      ${query.score && html`<button type="button" class="button" onClick=${() => (push({ score: null }), onClose())}>Any score</button>`}
    </fieldset>
  </form>`;
}
