// Whether the bridge answers. When it stops, one timer knocks with growing pauses until it answers again.
import { createStore } from "./store.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** `{state: "ok" | "lost", since, tries}`; `since` is in ms since the epoch. */
export const connection = createStore({ state: "ok", since: Date.now(), tries: 0 });

let timer = null;
let knock = async () => false;

/** Say how to ask whether the bridge answers: resolves to true when it does. */
export function knockWith(ask) {
  knock = ask;
}

export function answered() {
  if (connection.get().state === "ok") return;
  clearTimeout(timer);
  timer = null;
  connection.set({ state: "ok", since: Date.now(), tries: 0 });
}

export function lost() {
  if (connection.get().state === "lost") return;
  connection.set({ state: "lost", since: Date.now(), tries: 0 });
  wait();
}

/** Knock now instead of at the end of the pause. */
export function retryNow() {
  if (connection.get().state === "lost") attempt();
}

function wait() {
  clearTimeout(timer);
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** connection.get().tries);
  timer = setTimeout(attempt, pause * (0.75 + Math.random() / 2));
}

async function attempt() {
  clearTimeout(timer);
  if (await knock()) {
    answered();
    return;
  }
  if (connection.get().state !== "lost") return;
  connection.update({ tries: connection.get().tries + 1 });
  wait();
}

addEventListener("online", retryNow);
