// The frame around the views.
import { entered, locked } from "./lib/api.js";
import { Component, html, useEffect, useState } from "./lib/dom.js";
import { useKeys } from "./lib/keys.js";
import { go, link, route, useProject, useRoute } from "./lib/router.js";
import { hasRuns, scores } from "./lib/scoring.js";
import { useStore } from "./lib/store.js";
import { Failure, Waiting } from "./parts/basics.js";
import { Bar } from "./parts/bar.js";
import { Help } from "./parts/help.js";
import { Lost } from "./parts/lost.js";
import { Unlock } from "./parts/unlock.js";
import { views } from "./views/registry.js";

export function App() {
  const now = useRoute();
  const project = useProject();
  const [help, setHelp] = useState(false);
  const asksForKey = useStore(locked);
  const times = useStore(entered);
  const view = views.find((one) => one.name === now.view);
  useEffect(() => {
    if (scores.get() === null) hasRuns(project);
  }, [project, times]);
  useKeys("Everywhere", [
    ...views.filter((one) => one.keys).map((one) => ({ keys: one.keys, does: one.tab, run: () => go(link(one.name)) })),
    { keys: "?", does: "This help", run: () => setHelp(true) },
  ]);
  return html`
    <a class="skip" href="#view" onClick=${skip}>Skip to content</a>
    <${Bar} current=${view?.under ?? now.view} onHelp=${() => setHelp(true)} />
    <${Lost} />
    ${asksForKey && html`<${Unlock} />`}
    <main class="view" id="view" tabindex="-1">
      <${Guard} key=${`${now.view} ${times}`}><${Shown} view=${view} name=${now.view} route=${now} project=${project} /><//>
    </main>
    ${help && html`<${Help} onClose=${() => setHelp(false)} />`}
  `;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("view").focus();
}

const loaded = new Map();

/** Load the view of the address before the first drawing; one that cannot be loaded says so when it is drawn. */
export async function prepare() {
  const view = views.find((one) => one.name === route.get().view);
  if (view) loaded.set(view.name, (await view.load()).default);
}

function Shown({ view, name, route, project }) {
  const [, redraw] = useState(0);
  const [error, setError] = useState(null);
  useEffect(() => {
    document.title = `${view?.tab ?? name} · ${project} · otel-bridge`;
    if (!view || loaded.has(view.name)) return;
    view.load().then(
      (module) => {
        loaded.set(view.name, module.default);
        redraw((count) => count + 1);
      },
      () => setError(new Error("This view could not be loaded. The bridge may have been updated: reload the page.")),
    );
  }, [view, project]);
  if (error) return html`<${Failure} error=${error} retry=${() => location.reload()} />`;
  if (!view)
    return html`<div class="empty"><h2>There is no such view</h2><p><a
    href=${link("traces")}>Open the newest traces</a></p></div>`;
  const View = loaded.get(view.name);
  return View ? html`<${View} key=${project} parts=${route.parts} query=${route.query} project=${project} />` : html`<${Waiting} />`;
}

/** A fault in one view leaves the frame standing. */
class Guard extends Component {
  constructor() {
    super();
    this.state = { error: null };
  }

  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }

  render({ children }, { error }) {
    return error ? html`<${Failure} error=${error} retry=${() => this.setState({ error: null })} />` : children;
  }
}
