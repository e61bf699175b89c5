// What stands at the ticks of an axis: the same digits at each of them, and no more than tell them apart.
import { duration, short } from "../../lib/format.js";

const MOST_DIGITS = 10;

/** The fewest decimals that write a step exactly. */
function digitsOf(step) {
  let digits = 0;
  while (digits < MOST_DIGITS && Math.abs(Number(step.toFixed(digits)) - step) > step / 1000) digits += 1;
  return digits;
}

const stepOf = (ticks) => (ticks.length > 1 ? ticks[1] - ticks[0] : ticks[0] || 1);

/** Writers of all ticks of an axis at once. */
export const onAxis = {
  count: (ticks) => ticks.map(short),
  duration: (ticks) =>
    ticks.map((ms) => (ms === 0 ? "0" : duration(ms).replace(/\.(\d*?)0+(?=\D)/, (_, kept) => (kept ? `.${kept}` : "")))),
  cost: (ticks) => ticks.map((usd) => (usd === 0 ? "0" : `$${usd.toFixed(digitsOf(stepOf(ticks)))}`)),
};

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const exact = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const DAY_SECONDS = 86_400;

/** Times of ticks (seconds since the epoch): the day where one begins, else the time, with seconds where ticks are that close. */
export function times(ticks) {
  const step = stepOf(ticks);
  return ticks.map((tick) => {
    const at = new Date(tick * 1000);
    const midnight = at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0;
    return midnight || step >= DAY_SECONDS ? day.format(at) : (step < 60 ? exact : clock).format(at);
  });
}
