// How values are written for people: in their language's digits and their own time zone.
const integer = new Intl.NumberFormat();
const THOUSAND = 1000;

/** Write a duration given in ms: `640 µs`, `12.3 ms`, `4.20 s`, `3 m 05 s`, `2 h 10 m`; "" for none. */
export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "";
  const size = Math.abs(ms);
  if (size < 1) return size === 0 ? "0 ms" : `${Math.round(ms * THOUSAND)} µs`;
  if (size < 10) return `${trim(ms, 1)} ms`;
  if (size < THOUSAND) return `${Math.round(ms)} ms`;
  if (size < 60 * THOUSAND) return `${(ms / THOUSAND).toFixed(size < 10 * THOUSAND ? 2 : 1)} s`;
  const seconds = Math.round(ms / THOUSAND);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} m`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

const two = (number) => String(number).padStart(2, "0");
const trim = (number, digits) => String(Number(number.toFixed(digits)));

/** Write a count in full: `12,345`; "" for none. */
export const count = (number) => (number === null || number === undefined ? "" : integer.format(number));

/** Write tokens: `1,204 in, 88 out`. */
export const inAndOut = (tokens) => `${count(tokens.input)} in, ${count(tokens.output)} out`;

/** Write a count in little room: `999`, `1.2k`, `3.4M`. */
export function short(number) {
  if (number === null || number === undefined) return "";
  const size = Math.abs(number);
  if (size < 1000) return String(number);
  if (size < 999_950) return `${trim(number / 1e3, size < 99_950 ? 1 : 0)}k`;
  if (size < 999_950_000) return `${trim(number / 1e6, 1)}M`;
  return `${trim(number / 1e9, 1)}G`;
}

/** Write US dollars with as many digits as say something: `$0`, `$0.00012`, `$0.034`, `$1.25`, `$1,204`. */
export function cost(usd) {
  if (usd === null || usd === undefined || Number.isNaN(usd)) return "";
  const size = Math.abs(usd);
  if (size === 0) return "$0";
  if (size < 1e-6) return "<$0.000001";
  if (size < 1) return `$${fine(Number(usd.toPrecision(2)))}`;
  return `$${size < 1000 ? usd.toFixed(2) : integer.format(Math.round(usd))}`;
}

function fine(usd) {
  const digits = Math.min(8, Math.max(2, 1 - Math.floor(Math.log10(Math.abs(usd)))));
  return usd.toFixed(digits);
}

/** Write a size in bytes: `812 B`, `4.2 KB`, `1.3 MB` (powers of 1,000). */
export function bytes(size) {
  if (size === null || size === undefined) return "";
  if (size < 1000) return `${size} B`;
  if (size < 999_950) return `${trim(size / 1e3, 1)} KB`;
  if (size < 999_950_000) return `${trim(size / 1e6, 1)} MB`;
  return `${trim(size / 1e9, 2)} GB`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const date = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });

/** Milliseconds since the epoch, with fractions, of an ISO time with up to nine digits; null for none. */
export function millis(iso) {
  if (!iso) return null;
  if (iso.length === 27 && iso[26] === "Z") return Date.parse(`${iso.slice(0, 19)}Z`) + Number(iso.slice(20, 26)) / THOUSAND;
  const found = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d+))?(.*)$/.exec(iso);
  if (!found) return Date.parse(iso);
  return Date.parse(found[1] + (found[3] || "Z")) + (found[2] ? Number(`0.${found[2]}`) * THOUSAND : 0);
}

/** Write a local time shortly: today `14:03:22`, this year `Mar 4 14:03:22`, else `Mar 4, 2024 14:03`. */
export function time(ms, now = Date.now()) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "";
  const then = new Date(ms);
  const today = new Date(now);
  if (then.toDateString() === today.toDateString()) return clock.format(then);
  if (then.getFullYear() === today.getFullYear()) return `${day.format(then)} ${clock.format(then)}`;
  return `${date.format(then)} ${clock.format(then)}`;
}

/** Write a time in full in UTC: `2026-03-04 13:03:22.123 UTC`. */
export function utc(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "";
  return `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

/** Write how long ago: `now`, `12 s ago`, `5 min ago`, `3 h ago`, `9 d ago`. */
export function ago(ms, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - ms) / THOUSAND));
  if (seconds < 5) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** `1 call`, `2 calls`. */
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
