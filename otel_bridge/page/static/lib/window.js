// Long lists: only the rows that can be seen are drawn.
import { useEffect, useLayoutEffect, useRef, useState } from "./dom.js";

const SPARE_ROWS = 12;

/**
 * Use a window over `count` rows of `height` px each: put `ref` on the element that scrolls. Returns
 * `{ref, start, end, top, reveal}`: rows start ≤ i < end are to be drawn; `top` is whether the scroller is at
 * its top; `reveal(index)` scrolls a row into view, as little as needed. `inset` px above rows are covered.
 */
export function useWindow(count, height, inset = 0) {
  const ref = useRef(null);
  const [range, setRange] = useState({ start: 0, end: 60, top: true });
  const measure = () => {
    const element = ref.current;
    if (!element) return;
    const first = Math.floor(element.scrollTop / height) - SPARE_ROWS;
    const last = Math.ceil((element.scrollTop + element.clientHeight) / height) + SPARE_ROWS;
    const start = Math.max(0, first - (first % 4));
    const end = last + 4 - (last % 4);
    const top = element.scrollTop < height / 2;
    setRange((now) => (now.start === start && now.end === end && now.top === top ? now : { start, end, top }));
  };
  useEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    element.addEventListener("scroll", measure, { passive: true });
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    return () => {
      element.removeEventListener("scroll", measure);
      resized.disconnect();
    };
  }, [height]);
  useLayoutEffect(measure, [count, height]);
  const reveal = (index) => {
    const element = ref.current;
    if (!element || index < 0) return;
    const above = index * height;
    const below = above + height - (element.clientHeight - inset);
    if (element.scrollTop > above) element.scrollTop = above;
    else if (element.scrollTop < below) element.scrollTop = below;
  };
  return { ref, start: Math.min(range.start, count), end: Math.min(range.end, count), top: range.top, reveal };
}

/** Use whether a media query holds. */
export function useMedia(text) {
  const [matches, setMatches] = useState(() => matchMedia(text).matches);
  useEffect(() => {
    const media = matchMedia(text);
    const listen = () => setMatches(media.matches);
    listen();
    media.addEventListener("change", listen);
    return () => media.removeEventListener("change", listen);
  }, [text]);
  return matches;
}
