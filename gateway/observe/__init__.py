"""Two readers of one stream of observations: the log and the metrics."""
