// The keyboard: views say which keys do what; the help dialog lists what is said at the moment.
import { useEffect, useRef } from "./dom.js";
import { createStore } from "./store.js";

const CHORD_MS = 1200;

/** Groups of keys that work now: `[{group, keys: [{keys, does, run}]}]`. */
export const keymap = createStore([]);

/**
 * While the component is there, these keys work: `useKeys("List", [{keys: "j", does: "Next row", run}])`.
 * `keys` is `KeyboardEvent.key`, or two of them with a space for one after the other ("g t"); more entries
 * may do the same (`keys: ["j", "ArrowDown"]`). Keys without modifiers only; not while somebody types,
 * except Escape. The newest component wins. `run(event)` may return false to leave the key to others.
 */
export function useKeys(group, bindings) {
  const latest = useRef(bindings);
  latest.current = bindings;
  const shown = bindings.map(({ keys, does }) => `${keys}${does}`).join();
  useEffect(() => {
    const entry = { group, keys: bindings, current: () => latest.current };
    keymap.set([...keymap.get(), entry]);
    return () => keymap.set(keymap.get().filter((other) => other !== entry));
  }, [group, shown]);
}

let first = null;
let firstAt = 0;

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (typing(event.target) && event.key !== "Escape") return;
  if (onControl(event)) return;
  const chord = first && event.timeStamp - firstAt < CHORD_MS ? `${first} ${event.key}` : null;
  if (!(chord && pressed(chord, event)) && !pressed(event.key, event)) {
    first = startsChord(event.key) ? event.key : null;
    firstAt = event.timeStamp;
    return;
  }
  first = null;
});

const typing = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Enter and space on a button or link are the button's own. */
function onControl(event) {
  return (
    (event.key === "Enter" || event.key === " ") &&
    event.target instanceof Element &&
    event.target.closest("a[href], button, summary") !== null
  );
}

function bindings() {
  return keymap
    .get()
    .toReversed()
    .flatMap((entry) => entry.current());
}

const named = (binding) => [binding.keys].flat();
const startsChord = (pressedKey) => bindings().some((binding) => named(binding).some((keys) => keys.startsWith(`${pressedKey} `)));

function pressed(keys, event) {
  for (const binding of bindings()) {
    if (!named(binding).includes(keys) || binding.run(event) === false) continue;
    event.preventDefault();
    return true;
  }
  return false;
}
