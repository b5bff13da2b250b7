"""The Counter app: one number in Redis, served by any number of replicas."""
