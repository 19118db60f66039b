-- Jobs that run once in the cluster, whoever of the gateways comes first: who does one claims it by a row.
-- A job is something (name) that is due at an instant, for a subject (a window's id; empty where it is for all).

create table jobs (
    name       text not null,
    subject    text not null default '',
    due_at     timestamptz not null,
    claimed_by text not null,
    claimed_at timestamptz not null default clock_timestamp(),
    primary key (name, subject, due_at)
);
create index jobs_by_time on jobs (claimed_at);

-- What began and ran out before there were jobs is not told now.
insert into jobs (name, subject, due_at, claimed_by)
select 'window.began', id::text, starts_at, 'migration' from windows
where starts_at <= clock_timestamp() and cancelled_at is null
union all
select 'window.ran_out', id::text, scheduled_until, 'migration' from windows
where scheduled_until <= clock_timestamp() and ends = 'on_time' and ended_at is null and cancelled_at is null;
