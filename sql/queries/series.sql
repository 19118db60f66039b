-- name: insert_series(rule, time_zone, first_start, excluded_dates, draft)$
insert into series (rule, time_zone, first_start, excluded_dates, draft, made_version)
values (:rule, :time_zone, :first_start, :excluded_dates, cast(:draft as text)::jsonb, 1)
returning id;

-- name: update_series(rule, time_zone, first_start, excluded_dates, draft, ended_at, id, row_version)$
-- Its windows follow in the same transaction.
update series
set rule = :rule, time_zone = :time_zone, first_start = :first_start, excluded_dates = :excluded_dates,
    draft = cast(:draft as text)::jsonb, ended_at = :ended_at, made_version = row_version + 1
where id = :id and row_version = :row_version
returning row_version;

-- name: one_series(id)^
select id, rule, time_zone, first_start, excluded_dates, draft::text, ended_at, row_version, made_version,
       created_at, updated_at
from series where id = :id;

-- name: all_series(ended, after_created_at, after_id, most)
-- The newest first, behind the one that a page ended with; ended: null for all.
select id, rule, time_zone, first_start, excluded_dates, draft::text, ended_at, row_version, made_version,
       created_at, updated_at
from series
where (cast(:ended as boolean) is null or (ended_at is not null) = :ended)
  and (cast(:after_created_at as timestamptz) is null or (created_at, id) < (:after_created_at, cast(:after_id as uuid)))
order by created_at desc, id desc
limit :most;

-- name: series_changed_by_hand(most)
-- Those whose windows are not what they say now.
select id, rule, time_zone, first_start, excluded_dates, draft::text, ended_at, row_version, made_version,
       created_at, updated_at
from series where ended_at is null and made_version <> row_version order by created_at limit :most;

-- name: note_series_made(id)!
update series set made_version = row_version where id = :id;

-- name: count_running_series()$
select count(*) from series where ended_at is null;

-- name: made_occurrences(series_id, since)
-- The windows of a series that lie ahead, wherever they were moved to.
select w.id, w.occurs_on, w.occurs_at, w.starts_at,
       w.cancelled_at is not null as is_cancelled,
       w.cancelled_at is null and w.ended_at is null and w.starts_at > :since as is_scheduled,
       w.row_version > w.made_version or exists (select from updates u where u.window_id = w.id) as is_touched
from windows w
where w.series_id = :series_id and (w.occurs_at > cast(:since as timestamptz) - interval '3 days' or w.starts_at > :since)
order by w.occurs_on;

-- name: note_made(occurs_at, id)!
-- The series has written this window: nobody has touched it. This update raises the row version as well.
update windows set made_version = row_version + 1, occurs_at = :occurs_at where id = :id;

-- name: put_off_occurrences(since, share)
-- Of each series the windows that nobody has touched and that are more than its share: they are made again when they come
-- near. Touched: as in made_occurrences.
delete from windows where id in (
    select id from (
        select w.id, row_number() over (partition by w.series_id order by w.occurs_at, w.id) as place
        from windows w
        where w.series_id is not null and w.starts_at > :since and w.cancelled_at is null and w.ended_at is null
          and w.row_version <= w.made_version and not exists (select from updates u where u.window_id = w.id)) untouched
    where place > :share)
returning id, starts_at;

-- name: delete_window(id)!
delete from windows where id = :id;

-- name: cancel_occurrences(series_id, cancelled_at)
update windows set cancelled_at = :cancelled_at
where series_id = :series_id and starts_at > :cancelled_at and cancelled_at is null and ended_at is null
returning id, starts_at;
