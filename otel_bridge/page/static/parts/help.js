// The keys that work at the moment.
import { html } from "../lib/dom.js";
import { keymap } from "../lib/keys.js";
import { useStore } from "../lib/store.js";
import { Dialog } from "./dialog.js";

const WRITTEN = { Enter: "Enter", Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", " ": "Space" };

export function Help({ onClose }) {
  const groups = together(useStore(keymap));
  return html`<${Dialog} title="Keyboard" class="help" onClose=${onClose}>
    <div class="help-groups">
      ${groups.map(
        ({ group, keys }) => html`<section key=${group}><h3>${group}</h3><dl class="help-keys">
        ${keys.map((one) => html`<div><dt>${written(one.keys)}</dt><dd>${one.does}</dd></div>`)}
      </dl></section>`,
      )}
    </div>
  <//>`;
}

/** Several components may add to one group. */
function together(entries) {
  const groups = new Map();
  for (const { group, keys } of entries) groups.set(group, [...(groups.get(group) ?? []), ...keys]);
  return [...groups].map(([group, keys]) => ({ group, keys }));
}

function written(keys) {
  return [keys].flat().map((alternative, index) => html`${index > 0 && " or "}${parts(alternative)}`);
}

const parts = (keys) => (keys === " " ? [keys] : keys.split(" ")).map((one) => html`<kbd>${WRITTEN[one] ?? one}</kbd>`);
