-- name: insert_window(kind, title, description, translations, starts_at, estimated_duration, ends, gate, hosts, paths, excluded_paths, reminders, reopen_over, series_id, occurs_on, occurs_at)$
insert into windows (kind, title, description, translations, starts_at, estimated_duration, ends, gate, hosts, paths,
                     excluded_paths, reminders, reopen_over, series_id, occurs_on, occurs_at, made_version)
values (:kind, :title, :description, cast(:translations as text)::jsonb, :starts_at, :estimated_duration, :ends, :gate,
        :hosts, :paths, :excluded_paths, :reminders, :reopen_over, cast(:series_id as uuid), :occurs_on, :occurs_at,
        case when cast(:series_id as uuid) is not null then 1 end)
returning id;

-- name: update_window(kind, title, description, translations, starts_at, estimated_duration, ends, gate, hosts, paths, excluded_paths, reminders, reopen_over, fixed, ended_at, cancelled_at, id, row_version)$
update windows
set kind = :kind, title = :title, description = :description, translations = cast(:translations as text)::jsonb,
    starts_at = :starts_at, estimated_duration = :estimated_duration, ends = :ends, gate = :gate, hosts = :hosts,
    paths = :paths, excluded_paths = :excluded_paths, reminders = :reminders, reopen_over = :reopen_over, fixed = :fixed,
    ended_at = :ended_at, cancelled_at = :cancelled_at
where id = :id and row_version = :row_version
returning row_version;

-- name: delete_window_components(window_id)!
delete from window_components where window_id = :window_id;

-- name: insert_window_component(window_id, status, slug)$
insert into window_components (window_id, component_id, status)
select :window_id, id, :status from components where slug = :slug and removed_at is null
returning component_id;

-- name: insert_update(window_id, status, body, translations)$
insert into updates (window_id, status, body, translations)
values (:window_id, :status, :body, cast(:translations as text)::jsonb)
returning id;

-- name: window_document(id)$
select document::text from window_documents where id = :id;

-- name: latest_window_documents(states, kinds, component, since, until, after_start, after_id, most)
-- Windows in some states, of some kinds, ...; null: in any.
select d.document::text as document
from window_documents d join windows w using (id)
where (cast(:states as text[]) is null or d.state = any (:states))
  and (cast(:kinds as text[]) is null or w.kind::text = any (:kinds))
  and (cast(:component as text) is null
       or exists (select from window_components wc join components c on c.id = wc.component_id
                  where wc.window_id = w.id and c.slug = :component))
  and (cast(:since as timestamptz) is null or w.starts_at >= :since)
  and (cast(:until as timestamptz) is null or w.starts_at < :until)
  and (cast(:after_start as timestamptz) is null or (w.starts_at, w.id) < (:after_start, cast(:after_id as uuid)))
order by w.starts_at desc, w.id desc
limit :most;

-- name: soonest_window_documents(states, kinds, component, since, until, after_start, after_id, most)
-- Windows in some states, of some kinds, ...; null: in any.
select d.document::text as document
from window_documents d join windows w using (id)
where (cast(:states as text[]) is null or d.state = any (:states))
  and (cast(:kinds as text[]) is null or w.kind::text = any (:kinds))
  and (cast(:component as text) is null
       or exists (select from window_components wc join components c on c.id = wc.component_id
                  where wc.window_id = w.id and c.slug = :component))
  and (cast(:since as timestamptz) is null or w.starts_at >= :since)
  and (cast(:until as timestamptz) is null or w.starts_at < :until)
  and (cast(:after_start as timestamptz) is null or (w.starts_at, w.id) > (:after_start, cast(:after_id as uuid)))
order by w.starts_at, w.id
limit :most;

-- name: past_neighbours(since, until)^
-- Of the windows that are over: when the last one began before `since`, and the first one from `until` on.
select max(starts_at) filter (where starts_at < :since) as before,
       min(starts_at) filter (where starts_at >= :until) as after
from windows
where ended_at <= clock_timestamp()
   or (ended_at is null and cancelled_at is null and ends = 'on_time' and scheduled_until <= clock_timestamp());

-- name: clock()$
select clock_timestamp();
