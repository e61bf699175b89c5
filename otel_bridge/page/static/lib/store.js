// A store is a value that changes and those who listen to it.
import { useEffect, useReducer, useRef } from "./dom.js";

/** Create a store around `value`: `get()`, `set(value)`, `update(partial)`, `subscribe(listener) -> stop`. */
export function createStore(value) {
  const listeners = new Set();
  const store = {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    update: (partial) => store.set({ ...value, ...partial }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return store;
}

const whole = (value) => value;

/** Use `pick(value)` of a store in a component; it is drawn again only when that part changes. */
export function useStore(store, pick = whole) {
  const [, draw] = useReducer((count) => count + 1, 0);
  const picked = pick(store.get());
  const last = useRef(picked);
  last.current = picked;
  useEffect(() => {
    const check = (value) => {
      if (!Object.is(pick(value), last.current)) draw();
    };
    check(store.get());
    return store.subscribe(check);
  }, [store]);
  return picked;
}
