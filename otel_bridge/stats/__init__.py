"""Statistics of calls (`contract/weave-api.md` §3): grids, metrics, aggregations, costs. Pure functions."""
