"""The scoring worker: takes tasks from a bridge, applies scorers, hands the results back."""
