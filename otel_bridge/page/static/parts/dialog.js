// A modal dialog: the browser keeps the focus inside and gives it back.
import { html, useEffect, useId, useRef } from "../lib/dom.js";

export function Dialog({ title, onClose, children, class: name }) {
  const dialog = useRef(null);
  const heading = useId();
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  const outside = (event) => event.target === dialog.current && onClose();
  return html`<dialog ref=${dialog} class=${name} aria-labelledby=${heading} onClose=${onClose} onClick=${outside}
    onKeyDown=${(event) => event.stopPropagation()}>
    <div class="dialog-body">
      <header class="dialog-head"><h2 id=${heading}>${title}</h2>
        <button type="button" class="button quiet" aria-label="Close" onClick=${onClose}>✕</button></header>
      ${children}
    </div>
  </dialog>`;
}
