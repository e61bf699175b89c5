"""Jobs through Kafka: the extra `kafka`. The client library is imported only where a queue is opened."""
