// The views. `load` brings a module whose default export is a component; it gets `{parts, query, project}`.
// `tab` is the word in the bar; a view without one is reached from the others. `scoring`: only where the server scores.
export const views = [
  { name: "traces", tab: "Traces", keys: "g t", load: () => import("./list/view.js") },
  { name: "threads", tab: "Threads", keys: "g h", load: () => import("./threads/view.js") },
  { name: "charts", tab: "Charts", keys: "g c", load: () => import("./charts/view.js") },
  { name: "scoring", tab: "Scores", keys: "g s", scoring: true, load: () => import("./scoring/view.js") },
  { name: "compare", load: () => import("./compare/view.js") },
  { name: "call", under: "traces", load: () => import("./call/view.js") },
  { name: "trace", under: "traces", load: () => import("./trace/view.js") },
];
