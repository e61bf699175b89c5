// From a chart and a series of it to what narrows calls down to those behind it.

/** What narrows calls down to those of a series of a chart. */
export const narrowed = (chart, series) => ({
  ...(series?.op && { op: series.op }),
  ...(series?.model && { model: series.model }),
  ...(chart.key === "errors" && { status: "error" }),
  ...(chart.score && { scores: chart.score }),
});
