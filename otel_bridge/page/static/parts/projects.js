// Which project is shown, and a way to another.
import { html, useEffect, useState } from "../lib/dom.js";
import { defaultProject, go, link, useProject } from "../lib/router.js";
import { kept } from "../lib/saved.js";

const MOST = 12;

/** The projects that were opened here, the latest first. */
export function opened() {
  try {
    const found = JSON.parse(kept.get("projects") ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

export function remember(project) {
  kept.set("projects", JSON.stringify([project, ...opened().filter((one) => one !== project)].slice(0, MOST)));
}

export function ProjectPicker() {
  const project = useProject();
  const [text, setText] = useState(project);
  useEffect(() => {
    setText(project);
    remember(project);
  }, [project]);
  const choose = (event) => {
    event.preventDefault();
    const wanted = text.trim();
    if (/^[^/\s]+\/[^/\s]+$/.test(wanted)) go(link("traces", [], { project: wanted }));
    else setText(project);
  };
  const names = [...new Set([defaultProject, ...opened()])];
  return html`<form class="project" onSubmit=${choose}>
    <label class="unseen" for="project">Project</label>
    <input id="project" list="projects" value=${text} spellcheck=${false} autocomplete="off" onInput=${(event) => setText(event.target.value)} onChange=${choose} onFocus=${(event) => event.target.select()} />
    <datalist id="projects">${names.map((one) => html`<option key=${one} value=${one} />`)}</datalist>
  </form>`;
}
