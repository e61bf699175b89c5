// The address says what is shown: `#/view/part?name=value`. Links work, and so does the back button.
import { createStore, useStore } from "./store.js";

export const defaultProject = document.querySelector('meta[name="otel-bridge-project"]')?.content || "local/default";

/** Read a hash into `{view, parts, query}`; `query` is a plain object of strings. */
export function parse(hash) {
  const [path, search = ""] = split(hash.replace(/^#\/?/, ""));
  const [view, ...parts] = path.split("/").map(decode);
  return { view: view || "traces", parts: parts.filter(Boolean), query: Object.fromEntries(new URLSearchParams(search)) };
}

function split(text) {
  const at = text.indexOf("?");
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * Write an address: `link("trace", [id], {call})`. The current project goes along unless `query` names one;
 * members that are null, undefined or empty are left out.
 */
export function link(view, parts = [], query = {}) {
  const all = { project: project(), ...query };
  if (all.project === defaultProject) delete all.project;
  const search = new URLSearchParams(Object.entries(all).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  const text = search.toString().replaceAll("%2F", "/").replaceAll("%3A", ":");
  return `#/${[view, ...parts].map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export const route = createStore(parse(location.hash));
let depth = history.state?.depth ?? 0;
addEventListener("hashchange", () => {
  // a link was followed when nothing is known of the entry yet; else the back or forward button was used
  if (history.state?.depth === undefined) history.replaceState({ depth: depth + 1 }, "", location.href);
  depth = history.state.depth;
  route.set(parse(location.hash));
});

/** Go to an address that `link` wrote; with `replace` the back button does not come here again. */
export function go(address, { replace = false } = {}) {
  if (address === location.hash) return;
  if (!replace) depth += 1;
  if (replace) history.replaceState({ depth }, "", address);
  else history.pushState({ depth }, "", address);
  route.set(parse(address));
}

/** Go back to where somebody came from within the page, else to `address`. */
export function back(address) {
  if (depth > 0) history.back();
  else go(address);
}

/** Change some members of the query and stay in the view; null takes one away. */
export function setQuery(changes, options = { replace: true }) {
  const { view, parts, query } = route.get();
  go(link(view, parts, { ...query, ...changes }), options);
}

export const useRoute = () => useStore(route);

/** The project that is shown: `entity/project`. */
export const project = () => route.get().query.project || defaultProject;
export const useProject = () => useStore(route, (now) => now.query.project || defaultProject);
