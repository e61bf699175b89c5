"""The longer tables of `fields`: rows only, their order is their precedence."""
