"""The commands beside `run`: each is a module, imported by whoever runs it (`registry.COMMANDS`)."""
