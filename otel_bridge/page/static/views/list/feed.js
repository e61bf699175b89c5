// The newest calls: pages going back in time, and what arrives meanwhile.
import { list, post, stream } from "../../lib/api.js";
import { COLUMNS } from "../../lib/calls.js";
import { also, asked, isFiltered, showsCalls, sorted, listedSince, listedUntil } from "../../lib/filters.js";
import { millis } from "../../lib/format.js";
import { listedAt } from "../../lib/places.js";
import { hasRuns, NO_RUNS } from "../../lib/scoring.js";
import { createStore } from "../../lib/store.js";
import { spentBelow } from "../../lib/usage.js";

export const PAGE_CALLS = 100;
const POLLED_CALLS = 40;

/** More news than this at once, and the rows start over. */
const MOST_NEWS = 400;
export const MOST_COUNTED = 10_000;
const USAGE_CALLS = 50;

/** A filtered question looks back only so far for news: spans come when they end. */
const NEWS_MS = 3_600_000;

/**
 * Open a feed for an address's query. Its `store` holds `{rows, waiting, usage, loading, done, error, total, gap, leaveOut}`:
 * `rows` the newest first, `waiting` what came since, `usage` sums by call id, `total` a count or null, `gap`
 * whether more came than waits, so that the rows start over, `leaveOut` whether runs of scorers are left out.
 */
export function openFeed(project, query) {
  const store = createStore({ rows: [], waiting: [], usage: new Map(), loading: true, done: false, error: null, total: null, gap: false, leaveOut: false });
  const ended = new AbortController();
  const { signal } = ended;
  const calls = showsCalls(query);
  const { score, keys } = sorted(query);
  const listed = async () => {
    const leaveOut = await hasRuns(project);
    if (leaveOut !== store.get().leaveOut) store.update({ leaveOut });
    return question(query, leaveOut);
  };
  const body = async () => ({
    project_id: project,
    ...(await listed()),
    columns: COLUMNS,
    sort_by: keys,
    ...(query.scores && { include_feedback: true }),
  });

  async function more() {
    const { rows, done, loading } = store.get();
    if (done || (loading && rows.length)) return;
    store.update({ loading: true, error: null });
    try {
      await page(rows.length);
      store.update({ loading: false });
    } catch (error) {
      if (!signal.aborted) store.update({ loading: false, error });
    }
  }

  async function page(before) {
    const { rows } = store.get();
    const next = score ? { ...(await body()), offset: rows.length } : following(await body(), rows);
    const ask = { ...next, limit: PAGE_CALLS, include_costs: calls };
    let came = 0;
    for await (const some of stream("/calls/stream_query", ask, { signal })) {
      came += some.length;
      store.update({ rows: merged(store.get().rows, some, score) });
    }
    store.update({ done: came < PAGE_CALLS });
    priced(store.get().rows.slice(before));
    if (before === 0) count();
  }

  async function count() {
    const ask = { project_id: project, ...(await listed()), limit: MOST_COUNTED + 1 };
    const answer = await post("/calls/query_stats", ask, { signal }).catch(() => null);
    if (answer && !signal.aborted) store.update({ total: answer.count });
  }

  /** Tokens and cost of traces are those of all calls in them. */
  async function priced(rows) {
    if (calls) return;
    for (let at = 0; at < rows.length && !signal.aborted; at += USAGE_CALLS) {
      const some = rows.slice(at, at + USAGE_CALLS).map((row) => row.id);
      const found = await spentBelow(project, some, signal).catch(() => null);
      if (!found) return;
      store.update({ usage: new Map([...store.get().usage, ...found]) });
    }
  }

  /** Ask for news. `reading()` tells whether somebody would be disturbed by rows that move. */
  async function poll(reading) {
    if (score || store.get().loading || store.get().error) return;
    let ask = { ...(await body()), limit: POLLED_CALLS, include_costs: calls };
    if (isFiltered(query)) ask = also(ask, listedSince(new Date(Date.now() - NEWS_MS).toISOString()));
    let found = await list("/calls/stream_query", ask, { signal });
    const { rows, waiting, done } = store.get();
    const known = new Map([...rows, ...waiting].map((row) => [row.id, row]));
    const isGap = () => found.length > 0 && rows.length > 0 && found.every((row) => !known.has(row.id));
    if (isGap() && found.length === POLLED_CALLS) {
      found = await list("/calls/stream_query", { ...ask, limit: MOST_NEWS }, { signal });
      if (isGap() && found.length === MOST_NEWS) store.update({ waiting: [], gap: true });
    }
    const oldest = rows.length && !done ? listedAt(rows.at(-1)) : "";
    const fresh = found.filter((row) => !known.has(row.id) && listedAt(row) >= oldest);
    const changed = found.filter((row) => known.has(row.id) && print(row) !== print(known.get(row.id)));
    if (changed.length) store.update({ rows: replaced(rows, changed), waiting: replaced(waiting, changed) });
    if (changed.length) priced(changed);
    if (!fresh.length) return;
    store.update({ waiting: merged(store.get().waiting, fresh) });
    if (!reading()) show();
  }

  /** Let what waits into the rows. */
  function show() {
    const { rows, waiting, total, gap } = store.get();
    if (gap) store.update({ rows: waiting, waiting: [], total: null, gap: false, done: false });
    else store.update({ rows: merged(rows, waiting), waiting: [], total: total === null ? null : total + waiting.length });
    if (gap) count();
    priced(waiting);
  }

  more();
  return { store, more, poll, show, sorted: score !== null, close: () => ended.abort() };
}

/** What is listed: what the filters say, without the runs of scorers unless they are asked for. */
export const question = (query, leaveOut) => (leaveOut && !query.runs ? also(asked(query), NO_RUNS) : asked(query));

/** Ask for what comes after these rows: by time, past those of the same instant. */
function following(body, rows) {
  if (!rows.length) return body;
  const last = listedAt(rows.at(-1));
  let offset = 0;
  while (offset < rows.length && listedAt(rows[rows.length - 1 - offset]) === last) offset += 1;
  return { ...also(body, listedUntil(last)), offset };
}

const print = (row) => {
  const { status, feedback = [] } = row.summary?.weave ?? {};
  return `${row.ended_at}|${row.exception}|${status}|${row.display_name}|${row.thread_id}|${feedback.length}|${feedback.at(-1)?.id}`;
};

function replaced(rows, changed) {
  const byId = new Map(changed.map((row) => [row.id, row]));
  return rows.map((row) => byId.get(row.id) ?? row);
}

function merged(rows, more, asTheyCome = null) {
  const known = new Set(rows.map((row) => row.id));
  const added = more.filter((row) => !known.has(row.id));
  if (!added.length) return rows;
  const all = [...rows, ...added];
  if (asTheyCome) return all;
  const last = rows.at(-1);
  const inOrder = !last || added.every((row, index) => listedAt(row) <= listedAt(index ? added[index - 1] : last));
  return inOrder ? all : all.sort((a, b) => millis(listedAt(b)) - millis(listedAt(a)) || millis(b.started_at) - millis(a.started_at));
}
