// Asking again and again, politely: not while the tab is hidden, not while the bridge is away.
import { connection } from "./connection.js";
import { useEffect, useLayoutEffect, useRef, useState } from "./dom.js";

export const LIVE_MS = 2500;

/**
 * Run `ask()` every `every` ms, one at a time, and at once when the tab is shown again or the bridge answers
 * again. It starts over when `deps` change. `ask` gets an AbortSignal.
 */
export function useLive(ask, deps, every = LIVE_MS) {
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    const ended = new AbortController();
    let timer = null;
    let asking = false;
    const can = () => !document.hidden && connection.get().state === "ok" && !ended.signal.aborted;
    const turn = async () => {
      clearTimeout(timer);
      if (asking || !can()) return;
      asking = true;
      try {
        await latest.current(ended.signal);
      } catch {
        // who asks shows its errors; the next turn comes anyway
      }
      asking = false;
      if (!ended.signal.aborted) timer = setTimeout(turn, every);
    };
    timer = setTimeout(turn, every);
    const stop = connection.subscribe(turn);
    document.addEventListener("visibilitychange", turn);
    return () => {
      ended.abort();
      clearTimeout(timer);
      stop();
      document.removeEventListener("visibilitychange", turn);
    };
  }, deps);
}

/**
 * Load something when `deps` change: `{data, error, loading, reload}`. `load(signal)` resolves to data; the
 * old data stays until the new is there, unless `fresh`. It loads again when a lost bridge answers.
 */
export function useLoad(load, deps, { fresh = false } = {}) {
  const [state, setState] = useState({ data: null, error: null, loading: true });
  const [turn, setTurn] = useState(0);
  useLayoutEffect(() => {
    const ended = new AbortController();
    setState((now) => ({ data: fresh && turn === 0 ? null : now.data, error: null, loading: true }));
    Promise.resolve(load(ended.signal)).then(
      (data) => ended.signal.aborted || setState({ data, error: null, loading: false }),
      (error) => ended.signal.aborted || setState((now) => ({ data: now.data, error, loading: false })),
    );
    return () => ended.abort();
  }, [...deps, turn]);
  useEffect(() => {
    if (state.error?.status !== 0) return undefined;
    return connection.subscribe((now) => now.state === "ok" && setTurn((count) => count + 1));
  }, [state.error]);
  return { ...state, reload: () => setTurn((count) => count + 1) };
}
