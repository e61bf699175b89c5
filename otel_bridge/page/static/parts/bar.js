// The bar on top: views, project, colours, help.
import { guarded, locked } from "../lib/api.js";
import { html } from "../lib/dom.js";
import { link } from "../lib/router.js";
import { scores } from "../lib/scoring.js";
import { useStore } from "../lib/store.js";
import { theme, toggleTheme } from "../lib/theme.js";
import { views } from "../views/registry.js";
import { Icon } from "./icon.js";
import { ProjectPicker } from "./projects.js";

export function Bar({ current, onHelp }) {
  const shown = useStore(theme);
  const hasKey = useStore(guarded);
  const scoring = useStore(scores);
  const other = shown === "dark" ? "light" : "dark";
  return html`<header class="bar">
    <a class="brand" href=${link("traces")}>otel-bridge</a>
    <nav aria-label="Views">
      ${views
        .filter((one) => one.tab && (scoring || !one.scoring || one.name === current))
        .map(
          (one) => html`
        <a key=${one.name} class="tab" href=${link(one.name)} aria-current=${one.name === current ? "page" : null}>${one.tab}</a>`,
        )}
    </nav>
    <div class="bar-end">
      <${ProjectPicker} />
      ${
        hasKey &&
        html`<button type="button" class="button icon" onClick=${() => locked.set(true)} aria-label="Enter a key"
        title="Enter a key"><${Icon} name="key" /></button>`
      }
      <button type="button" class="button icon" onClick=${toggleTheme} aria-label=${`Use ${other} colours`}
        title=${`Use ${other} colours`}><${Icon} name=${other} /></button>
      <button type="button" class="button icon" onClick=${onHelp} aria-label="Keyboard help" title="Keyboard help (?)"><${Icon}
        name="help" /></button>
    </div>
  </header>`;
}
