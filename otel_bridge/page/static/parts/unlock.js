// Where a key is entered. It stays in this tab.
import { locked, useKey } from "../lib/api.js";
import { html, useState } from "../lib/dom.js";
import { Dialog } from "./dialog.js";

export function Unlock() {
  const [text, setText] = useState("");
  const enter = (event) => {
    event.preventDefault();
    useKey(text.trim());
  };
  return html`<${Dialog} title="This bridge asks for a key" onClose=${() => locked.set(false)}>
    <form class="unlock" onSubmit=${enter}>
      <label>Key<input type="password" autocomplete="off" spellcheck=${false} value=${text}
        onInput=${(event) => setText(event.target.value)} required /></label>
      <p class="hint">It is sent with every request of this tab and forgotten when the tab is closed.</p>
      <button class="button primary" type="submit">Use this key</button>
    </form>
  <//>`;
}
