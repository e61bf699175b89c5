"""One YAML file in the collector's shape (`contract/pipeline-config.md` part 2), read strictly."""
