-- name: window_history(since, until, kinds, component, after_start, after_id, most)
-- Windows that are over, the latest start first; nulls select everything.
select id, kind, title, gate, starts_at, ended_at, fixed, first_estimate, estimated_duration, real_duration,
       refused_requests, distinct_clients, is_at_least, counted_until, components
from window_history
where ended_at is not null
  and (cast(:since as timestamptz) is null or starts_at >= :since)
  and (cast(:until as timestamptz) is null or starts_at < :until)
  and (cast(:kinds as text[]) is null or kind::text = any (:kinds))
  and (cast(:component as text) is null or :component = any (components))
  and (cast(:after_start as timestamptz) is null or (starts_at, id) < (:after_start, :after_id))
order by starts_at desc, id desc
limit :most;

-- name: history_totals(since, until, kinds, component)^
select count(*) as windows,
       count(*) filter (where real_duration > first_estimate) as overran,
       coalesce(sum(first_estimate), interval '0') as first_estimate,
       coalesce(sum(real_duration), interval '0') as real_duration,
       coalesce(sum(refused_requests), 0)::bigint as refused_requests
from window_history
where ended_at is not null
  and (cast(:since as timestamptz) is null or starts_at >= :since)
  and (cast(:until as timestamptz) is null or starts_at < :until)
  and (cast(:kinds as text[]) is null or kind::text = any (:kinds))
  and (cast(:component as text) is null or :component = any (components));

-- name: window_statistics(id)^
select id, kind, title, gate, starts_at, ended_at, fixed, first_estimate, estimated_duration, real_duration,
       refused_requests, distinct_clients, is_at_least, counted_until, components
from window_history where id = :id;
