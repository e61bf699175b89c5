// One chart on a canvas: bars on top of each other, or lines. What it shows stands in a table too.
import { html, useEffect, useRef } from "../../lib/dom.js";
import { useStore } from "../../lib/store.js";
import { colour, theme } from "../../lib/theme.js";
import uPlot from "../../vendor/uplot.js";
import { times } from "./axis.js";
import { bucketAt, points, seriesAt } from "./points.js";

const HEIGHT = 150;
const AXIS_PX = 56;
const DRAG_PX = 6;

/**
 * `chart` as `chartsOf` makes it over `grid`. `hovered` is a store of the bucket under the pointer, shared by
 * all charts; `onZoom(from, to)` gets seconds, `onPick(bucket, series)` what was clicked.
 */
export function Plot({ chart, grid, hovered, label, onZoom, onPick }) {
  const place = useRef(null);
  const plot = useRef(null);
  const latest = useRef({});
  latest.current = { chart, grid, onZoom, onPick };
  const shownTheme = useStore(theme);
  const shape = [chart.key, chart.stacked, ...chart.series.map((one) => one.label + one.colour)].join("\n");

  useEffect(() => {
    const element = place.current;
    const made = new uPlot(options(element.clientWidth, latest, hovered), points(chart, grid), element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const stop = hovered.subscribe((bucket) => show(made, latest.current.grid, bucket));
    return () => {
      stop();
      resized.disconnect();
      made.destroy();
    };
  }, [shape, shownTheme]);
  useEffect(() => {
    plot.current?.setData(points(chart, grid));
  }, [chart, grid]);
  return html`<div class="plot" ref=${place} role="img" aria-label=${label}></div>`;
}

function options(width, latest, hovered) {
  const { chart } = latest.current;
  const line = colour("--line");
  const axis = { stroke: colour("--soft"), font: `12px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 18, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: DRAG_PX } },
    scales: { x: { range: () => edges(latest.current.grid) }, y: { range: (_, least, most) => heights(latest.current.chart, least, most) } },
    axes: [
      { ...axis, grid: { show: false }, space: 64, size: 26, values: (_, ticks) => times(ticks) },
      {
        ...axis,
        grid: { stroke: line, width: 1 },
        size: AXIS_PX,
        space: 34,
        ...(chart.whole && { incrs: WHOLE }),
        values: (_, ticks) => chart.axis(ticks),
      },
    ],
    series: [{}, ...chart.series.map((one) => drawn(one, chart.stacked))],
    hooks: { ready: [(made) => listen(made, latest, hovered)], setSelect: [(made) => selected(made, latest)] },
  };
}

/** From nothing, or from what lies below it, to the highest value with some air. */
const heights = (chart, least, most) => [Math.min(0, least ?? 0) * 1.08, Math.max(chart.most ?? 0, most > 0 ? most : 1 / 1.08) * 1.08];

const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8, 1e9];
const edges = (grid) => [grid.starts[0] ?? 0, grid.end];

function drawn(one, stacked) {
  const stroke = colour(one.colour);
  if (stacked) return { fill: stroke, stroke, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.86, 60], align: 1 }) };
  return { stroke, width: 1.5, points: { show: true, size: 4, fill: stroke, stroke } };
}

function listen(made, latest, hovered) {
  const under = (event) => {
    const box = made.over.getBoundingClientRect();
    const time = made.posToVal(event.clientX - box.left, "x");
    return { bucket: bucketAt(latest.current.grid, time), value: made.posToVal(event.clientY - box.top, "y") };
  };
  made.over.addEventListener("pointermove", (event) => hovered.set(under(event).bucket));
  made.over.addEventListener("pointerleave", () => hovered.set(null));
  made.over.addEventListener(
    "click",
    (event) => {
      const { bucket, value } = under(event);
      if (bucket === null || made.dragged) {
        made.dragged = false;
        return;
      }
      latest.current.onPick(bucket, seriesAt(latest.current.chart, bucket, value));
    },
    { capture: true },
  );
  made.over.addEventListener("pointerdown", () => {
    made.dragged = false;
  });
}

function selected(made, latest) {
  const { left, width } = made.select;
  if (width < DRAG_PX) return;
  made.dragged = true;
  const from = made.posToVal(left, "x");
  const to = made.posToVal(left + width, "x");
  made.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  latest.current.onZoom(from, to);
}

/** Put the line of the pointer into every chart where it stands in one. */
function show(made, grid, bucket) {
  if (bucket === null) made.setCursor({ left: -10, top: -10 }, false);
  else if (!made.over.matches(":hover")) {
    const middle = (grid.starts[bucket] + (grid.starts[bucket + 1] ?? grid.end)) / 2;
    made.setCursor({ left: made.valToPos(middle, "x"), top: 0 }, false);
  }
}
