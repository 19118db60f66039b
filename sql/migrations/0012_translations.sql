-- Texts of windows and updates in other languages, by their tags (gateway/domain/languages.py). Series and templates keep
-- theirs among the fields that windows and updates are made from.

-- Whether a value is {"de": {"title": "...", "description": "..."}}, which gateways can read. A tag of no language of the
-- pages is let in: it does no harm.
create function are_window_texts(given jsonb) returns boolean language sql immutable as $$
    select jsonb_typeof(given) = 'object' and not exists (
        select from jsonb_each(case jsonb_typeof(given) when 'object' then given else '{}' end) translation (tag, texts)
        where (jsonb_typeof(texts->'title') = 'string' and length(texts->>'title') between 1 and 200
               and jsonb_typeof(coalesce(texts->'description', '""')) = 'string'
               and length(coalesce(texts->>'description', '')) <= 20000) is not true)
$$;

-- The same of {"de": "..."}.
create function are_bodies(given jsonb) returns boolean language sql immutable as $$
    select jsonb_typeof(given) = 'object' and not exists (
        select from jsonb_each(case jsonb_typeof(given) when 'object' then given else '{}' end) translation (tag, body)
        where jsonb_typeof(body) <> 'string' or length(body #>> '{}') not between 1 and 20000)
$$;

alter table windows
    add column translations jsonb not null default '{}',
    add constraint window_translations_are_texts check (are_window_texts(translations));
alter table updates
    add column translations jsonb not null default '{}',
    add constraint update_translations_are_bodies check (are_bodies(translations));

-- A template in every language is longer.
alter table templates
    drop constraint templates_fields_check,
    add constraint templates_fields_check check (jsonb_typeof(fields) = 'object' and length(fields::text) <= 600000);

-- In its place, not made anew: who was allowed to read it still is.
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
           'id', w.id, 'kind', w.kind, 'title', w.title, 'description', w.description, 'translations', w.translations,
           'starts_at', w.starts_at, 'estimated_duration', extract(epoch from w.estimated_duration),
           'ends', w.ends, 'gate', w.gate,
           'scope', jsonb_build_object('hosts', w.hosts, 'paths', w.paths, 'excluded_paths', w.excluded_paths),
           'components', coalesce((
               select jsonb_agg(jsonb_build_object('slug', c.slug, 'status', wc.status) order by c.position, c.slug)
               from window_components wc join components c on c.id = wc.component_id where wc.window_id = w.id), '[]'),
           'reminders', coalesce((select jsonb_agg(extract(epoch from lead_time)) from unnest(w.reminders) lead_time), '[]'),
           'recurrence', case when s.id is not null then jsonb_build_object(
               'series', s.id, 'rule', s.rule, 'time_zone', s.time_zone, 'occurs_at', w.occurs_at,
               'occurs_on', w.occurs_on) end,
           'reopen_over', extract(epoch from w.reopen_over),
           'fixed', w.fixed, 'ended_at', w.ended_at, 'cancelled_at', w.cancelled_at,
           'row_version', w.row_version, 'created_at', w.created_at, 'updated_at', w.updated_at,
           'updates', coalesce((
               select jsonb_agg(jsonb_build_object('id', u.id, 'status', u.status, 'body', u.body,
                                                   'translations', u.translations, 'created_at', u.created_at)
                                order by u.created_at desc, u.id)
               from updates u where u.window_id = w.id), '[]')) as document
from windows w left join series s on s.id = w.series_id;
