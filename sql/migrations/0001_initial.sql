-- Windows, what is said about them, components, people, tokens, and the version that every gateway follows.

create type window_kind as enum ('maintenance', 'downtime', 'degradation', 'announcement');
create type window_gate as enum ('none', 'read_only', 'closed');
create type window_ends as enum ('when_fixed', 'on_time');
create type update_status as enum ('scheduled', 'investigating', 'identified', 'in_progress', 'monitoring',
                                   'verifying', 'resolved', 'completed', 'cancelled');
create type component_status as enum ('operational', 'under_maintenance', 'degraded_performance', 'partial_outage',
                                      'major_outage');
create type operator_role as enum ('viewer', 'reporter', 'operator', 'administrator');
create type token_scope as enum ('read', 'report', 'write', 'admin');

-- The version of the state: one row. Every change of windows or components raises it and tells the gateways.
-- It counts microseconds, so that a database which was restored or made anew does not fall behind what gateways know.
create table state_version (
    only_row boolean primary key default true check (only_row),
    version  bigint not null default extract(epoch from clock_timestamp()) * 1000000
);
insert into state_version default values;

create function bump_state_version() returns trigger language plpgsql as $$
declare
    current bigint;
begin
    update state_version set version = greatest(version + 1, extract(epoch from clock_timestamp()) * 1000000)
    returning version into current;
    -- The payload is the number alone: more than 8000 bytes would fail the writer.
    perform pg_notify('gateway_state', current::text);
    return null;
end $$;

-- Writers queue at the version before they touch a row: two that change several rows never wait for each other.
create function queue_for_state_version() returns trigger language plpgsql as $$
begin
    perform version from state_version for update;
    return null;
end $$;

-- A row's own version: a writer that has read an older one is refused, never silently overwrites.
create function bump_row_version() returns trigger language plpgsql as $$
begin
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    return new;
end $$;

create table windows (
    id                 uuid primary key default gen_random_uuid(),
    kind               window_kind not null default 'maintenance',
    title              text not null check (length(title) between 1 and 200),
    description        text not null default '' check (length(description) <= 20000),
    starts_at          timestamptz not null default now(),
    estimated_duration interval not null default '30 minutes',
    ends               window_ends not null default 'when_fixed',
    gate               window_gate not null,  -- filled from the kind where none is given
    hosts              text[] not null default '{}',
    paths              text[] not null default '{}',
    reminders          interval[] not null default '{}',
    recurrence         text,
    reopen_over        interval not null default '0',
    fixed              boolean not null default false,
    ended_at           timestamptz,
    cancelled_at       timestamptz,
    scheduled_until    timestamptz not null,  -- filled: starts_at + estimated_duration
    row_version        integer not null default 1,
    created_at         timestamptz not null default clock_timestamp(),
    updated_at         timestamptz not null default clock_timestamp(),
    -- What no gateway could read must not get in: one such row would hold up the state of all.
    constraint window_is_of_our_times check (
        starts_at between '1970-01-01Z' and '9000-01-01Z' and ended_at < '9900-01-01Z'
        and cancelled_at between '1970-01-01Z' and '9900-01-01Z'),
    constraint window_names_hosts_and_paths check (
        coalesce(array_ndims(hosts), 1) = 1 and coalesce(array_ndims(paths), 1) = 1
        and array_position(hosts, null) is null and array_position(paths, null) is null),
    constraint window_reminds_before_it_starts check (
        (interval '0' <= all (reminders) and interval '366 days' >= all (reminders)) is true
        and coalesce(array_ndims(reminders), 1) = 1),
    constraint window_ends_after_it_starts check (estimated_duration > interval '0'),
    constraint window_lasts_days_not_months check (
        extract(year from estimated_duration) = 0 and extract(month from estimated_duration) = 0
        and estimated_duration <= interval '3660 days'),
    constraint window_reopens_in_time check (reopen_over >= interval '0' and reopen_over <= interval '1 day'),
    constraint window_ended_after_it_started check (ended_at >= starts_at),
    constraint window_ended_or_cancelled check (ended_at is null or cancelled_at is null),
    constraint window_fixed_means_ended check (not fixed or ended_at is not null)
);
create index windows_not_over on windows (scheduled_until) where ended_at is null and cancelled_at is null;
create index windows_by_start on windows (starts_at desc, id desc);
create index windows_by_end on windows (ended_at desc) where ended_at is not null;

-- What a row inserted or changed by hand may leave out: the gate follows the kind, "fixed" ends the window.
create function fill_window() returns trigger language plpgsql as $$
begin
    new.gate := coalesce(new.gate, case when new.kind in ('maintenance', 'downtime') then 'closed' else 'none' end::window_gate);
    new.scheduled_until := new.starts_at + new.estimated_duration;
    if new.fixed and new.ended_at is null then
        if new.cancelled_at is not null or new.starts_at > clock_timestamp() then
            -- "update windows set fixed = true" in an emergency must end what is in force, whatever else is scheduled.
            raise notice 'the window "%" is not in force, so there is nothing to fix: it is left as it is', new.title;
            new.fixed := false;
        else
            new.ended_at := clock_timestamp();
        end if;
    end if;
    return new;
end $$;

create trigger windows_fill before insert or update on windows
    for each row execute function fill_window();
create trigger windows_row_version before update on windows
    for each row execute function bump_row_version();

create table component_groups (
    id       uuid primary key default gen_random_uuid(),
    name     text not null unique check (length(name) between 1 and 100),
    position integer not null default 0
);

create table components (
    id          uuid primary key default gen_random_uuid(),
    slug        text not null unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 60),
    name        text not null check (length(name) between 1 and 100),
    description text not null default '' check (length(description) <= 2000),
    status      component_status not null default 'operational',
    group_id    uuid references component_groups on delete set null,
    position    integer not null default 0,
    row_version integer not null default 1,
    created_at  timestamptz not null default clock_timestamp(),
    updated_at  timestamptz not null default clock_timestamp()
);
create trigger components_row_version before update on components
    for each row execute function bump_row_version();

-- The status that a window gives a component while it is active.
create table window_components (
    window_id    uuid not null references windows on delete cascade,
    component_id uuid not null references components on delete cascade,
    status       component_status not null default 'under_maintenance',
    primary key (window_id, component_id)
);
create index window_components_by_component on window_components (component_id);

create table updates (
    id         uuid primary key default gen_random_uuid(),
    window_id  uuid not null references windows on delete cascade,
    status     update_status not null,
    body       text not null check (length(body) between 1 and 20000),
    created_at timestamptz not null default clock_timestamp()
);
create index updates_by_window on updates (window_id, created_at desc);

create trigger windows_queue before insert or update or delete or truncate on windows
    for each statement execute function queue_for_state_version();
create trigger windows_bump after insert or update or delete or truncate on windows
    for each statement execute function bump_state_version();
create trigger window_components_queue before insert or update or delete or truncate on window_components
    for each statement execute function queue_for_state_version();
create trigger window_components_bump after insert or update or delete or truncate on window_components
    for each statement execute function bump_state_version();
create trigger updates_queue before insert or update or delete or truncate on updates
    for each statement execute function queue_for_state_version();
create trigger updates_bump after insert or update or delete or truncate on updates
    for each statement execute function bump_state_version();
create trigger components_queue before insert or update or delete or truncate on components
    for each statement execute function queue_for_state_version();
create trigger components_bump after insert or update or delete or truncate on components
    for each statement execute function bump_state_version();
create trigger component_groups_queue before insert or update or delete or truncate on component_groups
    for each statement execute function queue_for_state_version();
create trigger component_groups_bump after insert or update or delete or truncate on component_groups
    for each statement execute function bump_state_version();

-- People. The password is an argon2id hash; null until the operator has chosen one through a sign-in link.
create table operators (
    id            uuid primary key default gen_random_uuid(),
    email         text not null check (email ~ '^[^@\s]+@[^@\s]+$' and length(email) <= 254),
    role          operator_role not null,
    password_hash text,
    disabled_at   timestamptz,
    created_at    timestamptz not null default clock_timestamp(),
    last_seen_at  timestamptz
);
create unique index operators_by_email on operators (lower(email));

-- Only hashes (SHA-256 of 256 random bits) of what is handed out are kept.
create table sessions (
    token_hash   bytea primary key,
    operator_id  uuid not null references operators on delete cascade,
    created_at   timestamptz not null default clock_timestamp(),
    expires_at   timestamptz not null,
    address      text not null default '',
    user_agent   text not null default ''
);
create index sessions_by_operator on sessions (operator_id);

-- One-time sign-in links. Without an operator it is the link of the first start: it makes the first administrator.
create table sign_in_links (
    token_hash  bytea primary key,
    operator_id uuid references operators on delete cascade,
    created_at  timestamptz not null default clock_timestamp(),
    expires_at  timestamptz not null
);

create table tokens (
    id           uuid primary key default gen_random_uuid(),
    name         text not null unique check (length(name) between 1 and 100),
    token_hash   bytea not null unique,
    scope        token_scope not null,
    created_at   timestamptz not null default clock_timestamp(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);

-- Who did what, when, from where, before and after. Written in the transaction of the change; never changed.
create table audit (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default clock_timestamp(),
    actor      text not null,
    address    text not null default '',
    action     text not null,
    subject    text not null,
    subject_id text not null default '',
    before     jsonb,
    after      jsonb
);
create index audit_by_subject on audit (subject, subject_id, id desc);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the table % is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function refuse_change();

-- Each running gateway: what it has applied, and what it still has in the application (the fence).
create table replicas (
    id              uuid primary key,
    name            text not null,
    applied_version bigint not null default 0,
    in_application  jsonb not null default '{}',
    started_at      timestamptz not null default clock_timestamp(),
    heartbeat_at    timestamptz not null default clock_timestamp()
);

-- A window as one document, in the shape that the gateway reads (gateway/domain/window.py). Durations in seconds.
create view window_documents as
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
           'scope', jsonb_build_object('hosts', w.hosts, 'paths', w.paths),
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

create view component_documents as
select c.position, c.slug,
       jsonb_build_object('id', c.id, 'slug', c.slug, 'name', c.name, 'description', c.description, 'status', c.status,
                          'group_id', c.group_id, 'position', c.position, 'row_version', c.row_version,
                          'created_at', c.created_at, 'updated_at', c.updated_at) as document
from components c;
