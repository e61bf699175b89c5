// What people and scorers said about a call, and a place to say something.
import { html, useState } from "../../lib/dom.js";
import { Failure, Text, Time } from "../../parts/basics.js";
import { Json } from "../../parts/json.js";
import { addFeedback, addScore, described, removeFeedback, scoreValue } from "./load.js";

const EMOJIS = ["👍", "👎", "❤️", "🎉", "🤔", "🐛"];
const EMOJI_WORDS = { "👍": "thumbs up", "👎": "thumbs down", "❤️": "heart", "🎉": "party", "🤔": "thinking", "🐛": "bug" };
const MOST_NOTE = 1024;

export function Feedback({ project, id, entries, onChange }) {
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const act = async (work) => {
    setBusy(true);
    setError(null);
    try {
      await work();
      await onChange();
      return true;
    } catch (problem) {
      setError(problem);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return html`<div class="feedback">
    ${error && html`<${Failure} error=${error} />`}
    ${
      entries.length > 0 &&
      html`<ul class="feedback-list">${entries.map(
        (one) => html`<${Entry} key=${one.id} entry=${one} busy=${busy}
      onRemove=${() => act(() => removeFeedback(project, one.id))} />`,
      )}</ul>`
    }
    <div class="reactions" role="group" aria-label="Add a reaction">
      ${EMOJIS.map(
        (emoji) => html`<button key=${emoji} type="button" class="button emoji" disabled=${busy}
        aria-label=${`React with ${EMOJI_WORDS[emoji]}`} title=${EMOJI_WORDS[emoji]}
        onClick=${() => act(() => addFeedback(project, id, "wandb.reaction.1", { emoji }))}>${emoji}</button>`,
      )}
    </div>
    <${NoteForm} busy=${busy} onAdd=${(note) => act(() => addFeedback(project, id, "wandb.note.1", { note }))} />
    <${ScoreForm} busy=${busy} onAdd=${(name, value) => act(() => addScore(project, id, name, value))} />
  </div>`;
}

function Entry({ entry, busy, onRemove }) {
  const { sort, name, value } = described(entry);
  const [sure, setSure] = useState(false);
  const who = entry.creator || entry.wb_username || entry.wb_user_id;
  return html`<li class=${`feedback-entry feedback-${sort}`}>
    <span class="feedback-name"><${Text}>${name}<//></span>
    <span class="feedback-value">${
      value !== null && typeof value === "object"
        ? html`<${Json} value=${value}
      open=${1} />`
        : html`<${Text}>${String(value)}<//>`
    }</span>
    <span class="feedback-who soft">${who && html`<bdi>${who}</bdi> `}<${Time} iso=${entry.created_at} /></span>
    <button type="button" class="copy" disabled=${busy} aria-label=${sure ? `Really remove ${name}` : `Remove ${name}`}
      onClick=${() => (sure ? onRemove() : setSure(true))} onBlur=${() => setSure(false)}>${sure ? "Really?" : "Remove"}</button>
  </li>`;
}

function NoteForm({ busy, onAdd }) {
  const [text, setText] = useState("");
  const add = async (event) => {
    event.preventDefault();
    if (text.trim() && (await onAdd(text.trim()))) setText("");
  };
  return html`<form class="feedback-form" onSubmit=${add}>
    <input class="grow" aria-label="Note" placeholder="Add a note" maxlength=${MOST_NOTE} dir="auto" value=${text}
      onInput=${(event) => setText(event.target.value)} />
    <button class="button" type="submit" disabled=${busy || !text.trim()}>Add note</button>
  </form>`;
}

function ScoreForm({ busy, onAdd }) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const ready = name.trim() && value.trim();
  const add = async (event) => {
    event.preventDefault();
    if (ready && (await onAdd(name, scoreValue(value)))) setValue("");
  };
  return html`<form class="feedback-form" onSubmit=${add}>
    <input class="grow" aria-label="Name of the score" placeholder="Score, e.g. correct" maxlength="100" dir="auto" value=${name}
      onInput=${(event) => setName(event.target.value)} />
    <input class="grow" aria-label="Value of the score" placeholder="0.8, yes, a word" maxlength="500" dir="auto" value=${value}
      onInput=${(event) => setValue(event.target.value)} />
    <button class="button" type="submit" disabled=${busy || !ready}>Add score</button>
  </form>`;
}
