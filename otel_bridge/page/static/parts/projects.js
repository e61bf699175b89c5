// Which project is shown, and a way to another.
import { post } from "../lib/api.js";
import { cx, html, useEffect, useId, useRef, useState } from "../lib/dom.js";
import { useKeys } from "../lib/keys.js";
import { defaultProject, go, link, useProject, useRoute } from "../lib/router.js";
import { kept } from "../lib/saved.js";
import { Icon } from "./icon.js";

const MOST = 12;
const MOST_SHOWN = 200;
const NAME = /^[^/\s]+\/[^/\s]+$/;

/** The projects that were opened here, the latest first. */
function opened() {
  try {
    const found = JSON.parse(kept.get("projects") ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

function remember(project) {
  kept.set("projects", JSON.stringify([project, ...opened().filter((one) => one !== project)].slice(0, MOST)));
}

/** Projects that have calls, where the server tells. */
async function known() {
  const answer = await post("/service/projects_info", {}).catch(() => []);
  return Array.isArray(answer) ? answer.map((one) => one.external_project_id) : [];
}

export function ProjectPicker() {
  const project = useProject();
  const { view, query } = useRoute();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [names, setNames] = useState([]);
  const [at, setAt] = useState(0);
  const button = useRef(null);
  const input = useRef(null);
  const list = useId();
  useEffect(() => remember(project), [project]);
  useEffect(() => {
    if (!open) return;
    input.current?.focus();
    known().then((found) => setNames([...new Set([defaultProject, ...opened(), ...found])].sort()));
  }, [open]);
  useKeys("Everywhere", [{ keys: "p", does: "Choose a project", run: () => setOpen(true) }]);
  const wanted = text.trim();
  const fitting = names.filter((one) => one.toLowerCase().includes(wanted.toLowerCase())).slice(0, MOST_SHOWN);
  const offered = NAME.test(wanted) && !fitting.includes(wanted) ? [...fitting, wanted] : fitting;
  const close = () => {
    setOpen(false);
    setText("");
    setAt(0);
  };
  const choose = (name) => {
    close();
    button.current?.focus();
    if (name && name !== project)
      go(link(view === "charts" || view === "threads" ? view : "traces", [], { ...filtersOnly(query), project: name }));
  };
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((now) => Math.max(0, Math.min(offered.length - 1, now + step)));
    else if (event.key === "Enter") choose(offered[at]);
    else if (event.key === "Escape") choose(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onBlur = (event) => !event.currentTarget.contains(event.relatedTarget) && close();
  return html`<div class="project" onFocusOut=${onBlur}>
    <button type="button" class="button project-button" ref=${button} aria-haspopup="listbox" aria-expanded=${String(open)}
      aria-label=${`Project ${project}`} title="Project (p)"
      onClick=${() => (open ? close() : setOpen(true))}><bdi>${project}</bdi><${Icon} name="down" /></button>
    ${
      open &&
      html`<div class="project-list">
      <input ref=${input} role="combobox" aria-expanded="true" aria-controls=${list}
        aria-activedescendant=${offered.length ? `${list}-${at}` : null} aria-label="Find a project"
        placeholder="Find, or type entity/project" value=${text} spellcheck=${false} autocomplete="off"
        onInput=${(event) => (setText(event.target.value), setAt(0))} onKeyDown=${onKeyDown} />
      <ul id=${list} role="listbox" aria-label="Projects">
        ${offered.map(
          (one, index) => html`<li key=${one} id=${`${list}-${index}`} role="option" aria-selected=${String(index === at)}
          class=${cx(index === at && "is-at", one === project && "is-current")} onPointerDown=${(event) => event.preventDefault()}
          onClick=${() => choose(one)}><bdi>${one}</bdi>${one === defaultProject && html` <span class="soft">default</span>`}</li>`,
        )}
      </ul>
      ${!offered.length && html`<p class="hint">Type <code>entity/project</code>.</p>`}
    </div>`
    }
  </div>`;
}

/** Time ranges go along to another project; what names calls does not. */
const filtersOnly = ({ range, from, to }) => ({ range, from, to });
