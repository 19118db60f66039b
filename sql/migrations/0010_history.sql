-- What windows were like: the estimate that they began with, and whom the gateways turned away meanwhile.
-- No part of the state: writing the counts raises no version and tells nobody.

-- The estimate that customers were told when the window began; `estimated_duration` is the last one.
-- No value here means: as long as the window has not begun, whatever the estimate is.
alter table windows add column first_estimate interval;

-- Whoever extended a window of the past is in the audit, with the estimate as it was before. (Only what is no more than
-- days: an entry by hand must not hold the migration up.)
alter table windows disable trigger user;
update windows w
set first_estimate = coalesce(
    (select (a.before ->> 'estimated_duration')::interval from audit a
     where a.subject = 'window' and a.subject_id = w.id::text and a.action in ('window.extended', 'window.edited')
       and a.at >= w.starts_at
       and a.before ->> 'estimated_duration' ~ '^P(\d{1,5}D)?(T(\d{1,6}H)?(\d{1,6}M)?(\d{1,6}(\.\d{1,6})?S)?)?$'
       and a.before ->> 'estimated_duration' ~ '\d'
     order by a.id limit 1),
    w.estimated_duration);
alter table windows enable trigger user;
alter table windows alter column first_estimate set not null;

-- By trigger, so that whoever extends by hand leaves it alone, too.
create function keep_first_estimate() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        new.first_estimate := new.estimated_duration;
    elsif old.starts_at > clock_timestamp() or new.starts_at > clock_timestamp() then
        new.first_estimate := new.estimated_duration;
    else
        new.first_estimate := old.first_estimate;
    end if;
    return new;
end $$;
create trigger windows_first_estimate before insert or update on windows
    for each row execute function keep_first_estimate();

-- What was refused for the sake of a window, over all gateways. A window without a row has refused nothing; numbers are
-- null where it was over before anybody counted.
create table window_refusals (
    window_id     uuid primary key references windows on delete cascade,
    requests      bigint default 0,
    -- How many clients, and whether there were more than could be told apart.
    clients       bigint default 0,
    is_at_least   boolean not null default false,
    counted_until timestamptz not null,
    -- What clients are hashed with (`window_clients`): 244 random bits, deleted with the hashes a day after the window.
    client_key    bytea default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
);

insert into window_refusals (window_id, requests, clients, counted_until, client_key)
select id, null, null, clock_timestamp(), null from windows
where cancelled_at is null
  and coalesce(ended_at, case when ends = 'on_time' then scheduled_until end) <= clock_timestamp();

-- Who was turned away: keyed hashes of addresses (gateway/domain/refusals.py), to count each client once.
create table window_clients (
    window_id uuid not null references windows on delete cascade,
    client    bytea not null,
    primary key (window_id, client)
);

-- How far each gateway process has written its counts: a batch whose commit got no answer is not added twice.
create table refusal_writers (
    id         uuid primary key,
    written    bigint not null,
    written_at timestamptz not null default clock_timestamp()
);
create index refusal_writers_by_time on refusal_writers (written_at);

-- Each window with its numbers, for the history and for reading by hand. `ended_at` is null until it is over; what is not
-- over yet has lasted until now.
create view window_history as
select w.id, w.kind, w.title, w.gate, w.starts_at, over.ended_at, w.fixed, w.first_estimate, w.estimated_duration,
       case when w.cancelled_at is null and w.starts_at <= clock_timestamp()
            then coalesce(over.ended_at, clock_timestamp()) - w.starts_at end as real_duration,
       case when r.window_id is null then 0 else r.requests end as refused_requests,
       case when r.window_id is null then 0 else r.clients end as distinct_clients,
       coalesce(r.is_at_least, false) as is_at_least,
       case when r.requests is not null then r.counted_until end as counted_until,
       array(select c.slug from window_components wc join components c on c.id = wc.component_id
             where wc.window_id = w.id order by c.position, c.slug) as components
from windows w
left join window_refusals r on r.window_id = w.id
cross join lateral (
    select case when w.cancelled_at is null and stops_at <= clock_timestamp() then stops_at end as ended_at
    from (select coalesce(w.ended_at, case when w.ends = 'on_time' then w.scheduled_until end) as stops_at) stop
) over;
