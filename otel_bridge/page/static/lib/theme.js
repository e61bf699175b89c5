// Dark and light: the system's choice, until a person makes their own.
import { kept } from "./saved.js";
import { createStore } from "./store.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const chosen = () => document.documentElement.dataset.theme;
const effective = () => chosen() ?? (dark.matches ? "dark" : "light");

/** `"dark"` or `"light"`, as it is shown now. */
export const theme = createStore(effective());
dark.addEventListener("change", () => theme.set(effective()));

/** Switch to the other colours; back to what the system says forgets the choice. */
export function toggleTheme() {
  const next = effective() === "dark" ? "light" : "dark";
  const ofSystem = dark.matches ? "dark" : "light";
  if (next === ofSystem) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  kept.set("theme", next === ofSystem ? null : next);
  theme.set(next);
}

/** The colour behind a token (`--accent`) as it is shown now, for a canvas. */
export function colour(token) {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
