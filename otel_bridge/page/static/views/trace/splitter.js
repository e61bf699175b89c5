// The line between the tree and the call: moved by hand or with the arrow keys, remembered.
import { html, useEffect, useRef, useState } from "../../lib/dom.js";
import { kept } from "../../lib/saved.js";

const LEAST = 25;
const MOST = 80;
const USUAL = 54;
const STEP = 2;

export function Splitter({ layout }) {
  const [share, setShare] = useState(() => bounded(Number(kept.get("split")) || USUAL));
  const moving = useRef(false);
  useEffect(() => {
    layout.current?.style.setProperty("--split", `${share}%`);
    kept.set("split", String(share));
  }, [share]);
  const onPointerDown = (event) => {
    moving.current = true;
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event) => {
    if (!moving.current) return;
    const { left, width } = layout.current.getBoundingClientRect();
    setShare(bounded(((event.clientX - left) / width) * 100));
  };
  const onKeyDown = (event) => {
    const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    setShare((now) => bounded(now + step));
  };
  return html`<div class="splitter" role="separator" aria-orientation="vertical" aria-label="Width of the tree"
    aria-valuenow=${Math.round(share)} aria-valuemin=${LEAST} aria-valuemax=${MOST} tabindex="0"
    onPointerDown=${onPointerDown} onPointerMove=${onPointerMove} onPointerUp=${() => (moving.current = false)}
      onDblClick=${() => setShare(USUAL)} onKeyDown=${onKeyDown}></div>`;
}

const bounded = (share) => Math.min(MOST, Math.max(LEAST, Math.round(share * 10) / 10));
