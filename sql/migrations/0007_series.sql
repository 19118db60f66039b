-- Series: windows that recur by a rule (RFC 5545). Each occurrence is an ordinary window, made ahead (service/series.py).

create table series (
    id             uuid primary key default gen_random_uuid(),
    rule           text not null,
    time_zone      text not null,
    first_start    timestamp not null,               -- the local time there
    excluded_dates date[] not null default '{}',     -- there, by the rule
    draft          jsonb not null,                   -- what each occurrence is made from (service/drafts/series.py)
    ended_at       timestamptz,
    row_version    integer not null default 1,
    -- The row version that its windows were made from; at a higher one somebody has changed it by hand.
    made_version   integer not null default 0,
    created_at     timestamptz not null default clock_timestamp(),
    updated_at     timestamptz not null default clock_timestamp(),
    constraint series_has_a_draft check (jsonb_typeof(draft) = 'object'),
    constraint series_has_a_rule check (length(rule) between 1 and 500 and length(time_zone) between 1 and 100),
    constraint series_is_of_our_times check (first_start between '1970-01-01' and '9000-01-01'),
    constraint series_names_excluded_dates check (
        coalesce(array_ndims(excluded_dates), 1) = 1 and array_position(excluded_dates, null) is null)
);
create index series_by_age on series (created_at desc, id desc);

-- That windows were made is no change of a series.
create trigger series_row_version
    before update of rule, time_zone, first_start, excluded_dates, draft, ended_at on series
    for each row execute function bump_row_version();
-- A window's document tells its series' rule.
create trigger series_queue before insert or update or delete or truncate on series
    for each statement execute function queue_for_state_version();
create trigger series_bump after insert or update or delete or truncate on series
    for each statement execute function bump_state_version();

alter table windows
    add column series_id     uuid references series,
    -- Its local time by the rule. It is known by that, wherever it is moved to.
    add column occurs_on     timestamp,
    -- The instant of that, as the time zone was known when it was made.
    add column occurs_at     timestamptz,
    -- The row version up to which the series alone has written here; at a higher one somebody has changed it by hand.
    add column made_version  integer,
    add constraint window_occurs_once unique (series_id, occurs_on),
    add constraint window_occurs_in_a_series check (
        (series_id is null) = (occurs_on is null) and (series_id is null) = (occurs_at is null)
        and (series_id is null) = (made_version is null)),
    add constraint window_occurs_in_our_times check (
        occurs_on between '1970-01-01' and '9000-01-01' and occurs_at between '1970-01-01Z' and '9000-01-01Z');

-- Ended by hand, in psql, too: what has not begun is cancelled, as `gateway series end` does.
create function cancel_windows_of_series() returns trigger language plpgsql as $$
begin
    update windows set cancelled_at = clock_timestamp()
    where series_id = new.id and starts_at > clock_timestamp() and cancelled_at is null and ended_at is null;
    return null;
end $$;
create trigger series_ended after update of ended_at on series
    for each row when (old.ended_at is null and new.ended_at is not null) execute function cancel_windows_of_series();

-- Components are a window's: who gives it others by hand has changed it, so that neither its series nor who has read it
-- before writes over that. Gateways raise the version themselves.
create function touch_windows() returns trigger language plpgsql as $$
begin
    update windows set updated_at = clock_timestamp() where id in (select window_id from touched);
    return null;
end $$;
do $$
declare
    happens text;
begin
    -- Once for a statement, however many rows it writes.
    foreach happens in array array['insert', 'update', 'delete'] loop
        execute format(
            'create trigger window_components_touch_at_%1$s after %1$s on window_components '
            'referencing %2$s table as touched for each statement '
            'when (coalesce(current_setting(''gateway.writer'', true), '''') = '''' and pg_trigger_depth() = 0) '
            'execute function touch_windows()', happens, case happens when 'delete' then 'old' else 'new' end);
    end loop;
end $$;

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
           'id', w.id, 'kind', w.kind, 'title', w.title, 'description', w.description,
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
                                                   'created_at', u.created_at) order by u.created_at desc, u.id)
               from updates u where u.window_id = w.id), '[]')) as document
from windows w left join series s on s.id = w.series_id;
alter table windows drop column recurrence;  -- never used
