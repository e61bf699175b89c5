// The keys that work at the moment.
import { html } from "../lib/dom.js";
import { keymap } from "../lib/keys.js";
import { useStore } from "../lib/store.js";
import { Dialog } from "./dialog.js";

const WRITTEN = { Enter: "Enter", Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", " ": "Space" };

export function Help({ onClose }) {
  const groups = useStore(keymap).filter(({ group }) => group !== "Dialog");
  return html`<${Dialog} title="Keyboard" onClose=${onClose}>
    <div class="help-groups">
      ${groups.map(({ group, keys }) => html`<section key=${group}><h3>${group}</h3><dl class="help-keys">
        ${keys.map((one) => html`<div><dt>${written(one.keys)}</dt><dd>${one.does}</dd></div>`)}
      </dl></section>`)}
    </div>
  <//>`;
}

function written(keys) {
  return [keys].flat().map((alternative, index) => html`${index > 0 && " or "}${parts(alternative)}`);
}

const parts = (keys) => (keys === " " ? [keys] : keys.split(" ")).map((one) => html`<kbd>${WRITTEN[one] ?? one}</kbd>`);
