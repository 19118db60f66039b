-- What a scope's path prefixes leave out again: "/shop, but not /shop/help".

alter table windows
    add column excluded_paths text[] not null default '{}',
    add constraint window_names_excluded_paths check (
        coalesce(array_ndims(excluded_paths), 1) = 1 and array_position(excluded_paths, null) is null);

create or replace view window_documents as
select w.id, w.starts_at, w.scheduled_until, w.ended_at, w.cancelled_at, w.ends,
       -- As Window.state in gateway/domain/window.py; a test compares the two.
       case when w.cancelled_at is not null then 'cancelled'
            when clock_timestamp() < w.starts_at then 'scheduled'
            when w.ended_at <= clock_timestamp() then 'ended'
            when w.ended_at is null and w.ends = 'on_time' and w.scheduled_until <= clock_timestamp() then 'ended'
            when w.scheduled_until <= clock_timestamp() then 'overrunning'
            else 'active' end as state,
       jsonb_build_object(
           'id', w.id, 'kind', w.kind, 'title', w.title, 'description', w.description,
           'starts_at', w.starts_at, 'estimated_duration', extract(epoch from w.estimated_duration),
           'ends', w.ends, 'gate', w.gate,
           'scope', jsonb_build_object('hosts', w.hosts, 'paths', w.paths, 'excluded_paths', w.excluded_paths),
           'components', coalesce((
               select jsonb_agg(jsonb_build_object('slug', c.slug, 'status', wc.status) order by c.position, c.slug)
               from window_components wc join components c on c.id = wc.component_id where wc.window_id = w.id), '[]'),
           'reminders', coalesce((select jsonb_agg(extract(epoch from lead_time)) from unnest(w.reminders) lead_time), '[]'),
           'recurrence', w.recurrence, 'reopen_over', extract(epoch from w.reopen_over),
           'fixed', w.fixed, 'ended_at', w.ended_at, 'cancelled_at', w.cancelled_at,
           'row_version', w.row_version, 'created_at', w.created_at, 'updated_at', w.updated_at,
           'updates', coalesce((
               select jsonb_agg(jsonb_build_object('id', u.id, 'status', u.status, 'body', u.body,
                                                   'created_at', u.created_at) order by u.created_at desc, u.id)
               from updates u where u.window_id = w.id), '[]')) as document
from windows w;
