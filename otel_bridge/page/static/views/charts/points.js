// From values in buckets to points on a canvas, and back from a place on it to a bucket and a series.

/** What uPlot draws: times, then one list of heights a series. Bars stand on those below them. */
export function points(chart, grid) {
  if (!chart.stacked) return [middles(grid), ...chart.series.map((one) => one.values)];
  return [grid.starts, ...stacks(chart.series)];
}

/** The bucket that holds a time in seconds; null outside of the grid. */
export function bucketAt({ starts, end }, time) {
  if (!(time >= starts[0] && time < end)) return null;
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The series whose bar holds `value` in a bucket, or whose line is nearest to it; undefined above all bars. */
export function seriesAt(chart, bucket, value) {
  if (chart.stacked) {
    const heights = stacks(chart.series);
    return chart.series.findLast((_, index) => heights[index][bucket] >= value);
  }
  const away = (one) => Math.abs((one.values[bucket] ?? Infinity) - value);
  return chart.series.toSorted((a, b) => away(a) - away(b))[0];
}

/** Each series with all that follow on top of it, so that the later ones are painted over it. */
function stacks(series) {
  const heights = [];
  series.reduceRight((above, one) => {
    const height = one.values.map((value, bucket) => (value ?? 0) + (above?.[bucket] ?? 0));
    heights.unshift(height);
    return height;
  }, null);
  return heights;
}

function middles({ starts, end }) {
  return starts.map((start, bucket) => (start + (starts[bucket + 1] ?? end)) / 2);
}
