-- Has wrk print what it counted as one line of JSON. There is no response(): looking at each answer would slow wrk.
done = function(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "received_bytes": %d, "seconds": %.6f, "statuses_over_399": %d, "failures": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.bytes, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
