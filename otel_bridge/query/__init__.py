"""MEAN: what an expression of `contract/weave-api.md` §2.3 says of one call; pure functions."""
