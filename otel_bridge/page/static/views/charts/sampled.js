// Charts of calls that were sampled: each stands for others that were not kept.

/** Say of a chart that its numbers are estimates. */
export const estimated = (chart) => ({
  ...chart,
  total: chart.total && `≈ ${chart.total}`,
  note: [chart.note, "(sampled)"].filter(Boolean).join(" "),
});
