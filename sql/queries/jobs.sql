-- name: claim_job(name, subject, due_at, claimed_by)$
-- Null where somebody has it. Waits for a claim whose transaction is not over: it may still be rolled back.
insert into jobs (name, subject, due_at, claimed_by) values (:name, :subject, :due_at, :claimed_by)
on conflict do nothing returning due_at;

-- name: windows_to_tell()
-- Windows that began, or ran out, by time, and of which nobody has told yet; as far back as claims are surely kept.
-- Whoever starts a window by hand is in the audit already, and a start that is moved within the past is no new one.
select 'window.began' as action, w.id, w.starts_at as due_at
from windows w
where w.starts_at between clock_timestamp() - interval '30 days' and clock_timestamp() and w.cancelled_at is null
  and not exists (select from jobs j
                  where j.name = 'window.began' and j.subject = w.id::text
                    and (j.due_at = w.starts_at or j.claimed_at >= w.starts_at))
  and not exists (select from audit a
                  where a.subject = 'window' and a.subject_id = w.id::text and a.action = 'window.started'
                    and a.at >= w.starts_at)
union all
select 'window.ran_out', w.id, w.scheduled_until
from windows w
where w.scheduled_until between clock_timestamp() - interval '30 days' and clock_timestamp()
  and w.ends = 'on_time' and w.ended_at is null and w.cancelled_at is null
  and not exists (select from jobs j
                  where j.name = 'window.ran_out' and j.subject = w.id::text and j.due_at = w.scheduled_until)
order by due_at, id;

-- name: hold_window(action, id, due_at)^
-- The window of a row of `windows_to_tell`, held against changes; null where a change came first.
select title from windows
where id = :id and cancelled_at is null
  and case :action when 'window.began' then starts_at = :due_at
                   else scheduled_until = :due_at and ends = 'on_time' and ended_at is null end
for share;

-- name: this_hour()$
select date_trunc('hour', clock_timestamp());

-- name: delete_expired_links()!
delete from sign_in_links where expires_at <= clock_timestamp();

-- name: delete_old_jobs()!
delete from jobs where claimed_at < clock_timestamp() - interval '90 days';
