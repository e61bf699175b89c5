// The line that says the bridge does not answer.
import { connection, retryNow } from "../lib/connection.js";
import { html } from "../lib/dom.js";
import { useStore } from "../lib/store.js";

export function Lost() {
  const { state, tries } = useStore(connection);
  return html`<div class="lost-place" role="status">
    ${
      state === "lost" &&
      html`<p class="lost"><strong>The bridge does not answer.</strong> What you see is what it said last.
      ${tries > 0 ? ` Trying again (${tries})…` : " Trying again…"}
      <button type="button" class="button" onClick=${retryNow}>Try now</button></p>`
    }
  </div>`;
}
