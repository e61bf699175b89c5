// Weave's API, as any client may use it. Every request of the page leaves here.
import { answered, knockWith, lost } from "./connection.js";
import { batches } from "./lines.js";
import { passing } from "./saved.js";
import { mayAskAgain, written } from "./places.js";
import { createStore } from "./store.js";

const root = new URL(".", location.origin + location.pathname);

/** The address of a path of the API, whole: for `curl`. */
export const address = (path) => new URL(path.replace(/^\//, ""), root).href;

/** The key of this tab, or "". */
export const key = createStore(passing.get("key") ?? "");
key.subscribe((value) => passing.set("key", value || null));

/** Whether a request was ever refused for want of a key: then the bar offers a place for one. */
export const guarded = createStore(key.get() !== "");

/** How often a key was entered: views start over with each. */
export const entered = createStore(0);

/** Use a key from now on. */
export function useKey(text) {
  key.set(text);
  locked.set(false);
  entered.set(entered.get() + 1);
}

/** Whether the bridge asked for a key that it did not get. */
export const locked = createStore(false);

/** What the API answered, or that it did not: `status` 0 is "no answer". `advice` says what to do. */
export class ApiError extends Error {
  constructor(status, message, advice = "") {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.advice = advice;
  }
}

const ADVICE = {
  0: "Is the bridge running? The page goes on by itself as soon as it answers.",
  400: "Check the filters: the bridge does not understand one of them.",
  401: "Enter a key that may read this project.",
  403: "Enter a key that may read this project, or open the page under the host name the bridge knows.",
  404: "It may have been deleted, or kept no longer than the retention allows.",
  413: "Ask for less at once.",
  422: "Check the filters: the bridge does not take one of them.",
  429: "Too many requests: wait a moment.",
  501: "This server does not offer it.",
  503: "The bridge is busy or starting. Try again in a moment.",
  504: "The question took too long. Narrow it by time, status or model.",
};

function headers(accept) {
  const sent = { "Content-Type": "application/json", Accept: accept };
  return key.get() ? { ...sent, ...shown(key.get()) } : sent;
}

/** Visible ASCII goes as bearer token and in a header of its own; any other key as Weave's clients send theirs. */
function shown(secret) {
  if (!/^[\x21-\x7e]+$/.test(secret)) return { Authorization: `Basic ${basic(secret)}` };
  return { Authorization: `Bearer ${secret}`, "wandb-api-key": secret };
}

function basic(secret) {
  const bytes = new TextEncoder().encode(`api:${secret}`);
  return btoa(String.fromCharCode(...bytes));
}

async function request(path, body, options = {}) {
  const { signal, accept = "application/json", method = "POST" } = options;
  let response;
  try {
    response = await fetch(new URL(path.replace(/^\//, ""), root), {
      method,
      signal,
      headers: headers(accept),
      body: method === "POST" ? written(body) : undefined,
      cache: "no-store",
      credentials: "same-origin",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lost();
    throw new ApiError(0, "The bridge does not answer.", ADVICE[0]);
  }
  answered();
  if (!response.ok) {
    const error = await refusal(response);
    if (mayAskAgain(error.message)) return request(path, body, options);
    throw error;
  }
  if (locked.get()) locked.set(false);
  return response;
}

async function refusal(response) {
  if (response.status === 401) locked.set(true);
  if (response.status === 401 || response.status === 403) guarded.set(true);
  let said = {};
  try {
    said = await response.json();
  } catch {
    // no JSON: the status must do
  }
  const detail = Array.isArray(said.detail) ? said.detail.map(whatIsWrong).join("; ") : said.detail;
  const message = said.reason || detail || response.statusText || "no reason given";
  return new ApiError(response.status, String(message), ADVICE[response.status] ?? "The bridge's log may say more.");
}

function whatIsWrong({ loc = [], msg = "" }) {
  const place = loc.filter((part) => part !== "body").join(".");
  return place ? `${place}: ${msg}` : msg;
}

/** Post a body, get the answer's JSON. Raise ApiError; AbortError when `signal` says so. */
export async function post(path, body, options) {
  const response = await request(path, body, options);
  return reading(() => response.json(), options);
}

/** Post a body, get a header of the answer. */
export async function header(path, body, named, options) {
  const response = await request(path, body, options);
  await reading(() => response.text(), options);
  return response.headers.get(named);
}

/** Get JSON. */
export async function get(path, options) {
  const response = await request(path, undefined, { ...options, method: "GET" });
  return reading(() => response.json(), options);
}

/** Post a body, yield arrays of the answer's lines as they come. */
export async function* stream(path, body, options) {
  const response = await request(path, body, { ...options, accept: "application/jsonl" });
  try {
    yield* batches(response);
  } catch (error) {
    throw brokenOff(error, options);
  }
}

/** Post a body, get all lines of the answer. */
export async function list(path, body, options) {
  const found = [];
  for await (const some of stream(path, body, options)) found.push(...some);
  return found;
}

async function reading(read, options) {
  try {
    return await read();
  } catch (error) {
    throw brokenOff(error, options);
  }
}

function brokenOff(error, options) {
  if (error.name === "AbortError" || options?.signal?.aborted) return error;
  return new ApiError(0, "The answer broke off.", "Try again; the bridge's log says why if it happens again.");
}

knockWith(async () => {
  try {
    const response = await fetch(new URL("health", root), { cache: "no-store" });
    return response.ok || response.status === 401;
  } catch {
    return false;
  }
});
