// The stretch of time that the charts show: from the address, and how it is cut into buckets.

export const LASTS = { "1h": 3600, "6h": 21600, "24h": 86400, "7d": 604800, "30d": 2592000 };
export const DEFAULT_LAST = "24h";
export const MAX_SECONDS = 31 * 86400; // what /calls/stats takes at once
export const MIN_SECONDS = 10;

const WIDTHS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
const MOST_BUCKETS = 96;
const WHOLE_WIDTHS = [31622400, 31500000]; // longer than any range: one bucket holds it, of one width or the other

/** Read `from` and `to`, or `last`, in seconds since the epoch; a range that makes no sense is the default. */
export function rangeOf(params, now) {
  const from = Date.parse(params.from) / 1000;
  const to = Date.parse(params.to) / 1000;
  if (from < to) return { fixed: true, ...bounded(from, to) };
  const last = params.last in LASTS ? params.last : DEFAULT_LAST;
  const end = Math.ceil(now);
  return { fixed: false, last, from: end - LASTS[last], to: end };
}

/** Members of an address that stand for a fixed range. */
export function fixedRange(from, to) {
  const kept = bounded(from, to);
  return { from: iso(kept.from), to: iso(kept.to), last: undefined };
}

/** Move and widen a range: `shift` in lengths of it, `zoom` as factor around its middle. */
export function changed(range, { shift = 0, zoom = 1 }) {
  const length = range.to - range.from;
  const half = Math.min(Math.max(length * zoom, MIN_SECONDS), MAX_SECONDS) / 2;
  const middle = (range.from + range.to) / 2 + shift * length;
  return fixedRange(middle - half, middle + half);
}

/** The width of a bucket in seconds: a round one, so that a range has at most `MOST_BUCKETS`. */
export function widthOf({ from, to }) {
  return WIDTHS.find((width) => (to - from) / width <= MOST_BUCKETS) ?? WIDTHS.at(-1);
}

/** A width that puts the whole range into one bucket of the epoch's grid. */
export function wholeWidth({ from, to }) {
  return WHOLE_WIDTHS.find((width) => Math.floor(from / width) === Math.floor((to - 1) / width));
}

/** What questions for buckets of a range begin with. */
export const overTime = (project, range, width = widthOf(range)) => ({
  project_id: project,
  start: iso(range.from),
  end: iso(range.to),
  granularity: width,
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
});

export function iso(seconds) {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function bounded(from, to) {
  const end = Math.max(Math.ceil(to), Math.floor(from) + MIN_SECONDS);
  return { from: Math.max(Math.floor(from), end - MAX_SECONDS), to: end };
}
