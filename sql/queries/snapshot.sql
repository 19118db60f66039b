-- name: load_snapshot()^
-- One statement, so one view of the database: the version and all that belongs to it.
-- Windows that are over are few: the newest ten, for the page, and those that may not let everybody in yet.
with not_over as (
    select id from windows
    where ended_at is null and cancelled_at is null
      and (ends = 'when_fixed' or scheduled_until > clock_timestamp())
), ended as (
    select id from windows where ended_at is not null order by ended_at desc limit 10
), ran_out as (
    select id from windows
    where ended_at is null and cancelled_at is null and ends = 'on_time' and scheduled_until <= clock_timestamp()
    order by scheduled_until desc limit 10
), reopening as (
    select id from windows
    where cancelled_at is null and reopen_over > interval '0'
      and coalesce(ended_at, scheduled_until) > clock_timestamp() - interval '1 day'
), wanted as (
    select id from not_over union select id from ended union select id from ran_out union select id from reopening
)
select version,
       clock_timestamp() as taken_at,
       jsonb_build_object(
           'version', version,
           'taken_at', clock_timestamp(),
           'windows', coalesce((select jsonb_agg(d.document order by d.starts_at, d.id)
                                from window_documents d join wanted using (id)), '[]'),
           'components', coalesce((select jsonb_agg(document order by group_position, group_name, position, slug)
                                   from component_documents where removed_at is null), '[]'),
           'groups', coalesce((select jsonb_agg(document order by position, name) from component_group_documents), '[]'),
           'bypasses', coalesce((select jsonb_agg(jsonb_build_object('id', b.id, 'name', b.name,
                                                                     'expires_at', b.expires_at)
                                                  order by b.expires_at, b.id)
                                 from bypass_links b
                                 where b.revoked_at is null and b.expires_at > clock_timestamp()), '[]'),
           'bypass_key', coalesce((select encode(secret, 'hex') from bypass_key), '')
       )::text as document
from state_version;

-- name: probe()^
-- Asked of the listening session itself: is it still the primary, still listening, at which version and what time?
select version,
       clock_timestamp() as now,
       pg_is_in_recovery() as in_recovery,
       'gateway_state' = any (array(select pg_listening_channels())) as listening
from state_version;

-- name: lock_state_version()$
-- Taken first in every transaction that changes the state: writers queue here and so never deadlock further on.
select version from state_version for update;

-- name: state_version()$
select version from state_version;
