"""REPAIR: what a person may do to stored calls, while the bridge runs or not."""
