-- name: insert_window(kind, title, description, starts_at, estimated_duration, ends, gate, hosts, paths, reminders, recurrence, reopen_over)$
insert into windows (kind, title, description, starts_at, estimated_duration, ends, gate, hosts, paths, reminders,
                     recurrence, reopen_over)
values (:kind, :title, :description, :starts_at, :estimated_duration, :ends, :gate, :hosts, :paths, :reminders,
        :recurrence, :reopen_over)
returning id;

-- name: update_window(kind, title, description, starts_at, estimated_duration, ends, gate, hosts, paths, reminders, recurrence, reopen_over, fixed, ended_at, cancelled_at, id, row_version)$
update windows
set kind = :kind, title = :title, description = :description, starts_at = :starts_at,
    estimated_duration = :estimated_duration, ends = :ends, gate = :gate, hosts = :hosts, paths = :paths,
    reminders = :reminders, recurrence = :recurrence, reopen_over = :reopen_over, fixed = :fixed,
    ended_at = :ended_at, cancelled_at = :cancelled_at
where id = :id and row_version = :row_version
returning row_version;

-- name: delete_window_components(window_id)!
delete from window_components where window_id = :window_id;

-- name: insert_window_component(window_id, status, slug)$
insert into window_components (window_id, component_id, status)
select :window_id, id, :status from components where slug = :slug and removed_at is null
returning component_id;

-- name: insert_update(window_id, status, body)$
insert into updates (window_id, status, body) values (:window_id, :status, :body) returning id;

-- name: window_document(id)$
select document::text from window_documents where id = :id;

-- name: window_documents(states, soonest_first, most)
-- Windows in some states; null: in any.
select document::text from window_documents
where cast(:states as text[]) is null or state = any (:states)
order by case when :soonest_first then starts_at end, starts_at desc, id desc
limit :most;

-- name: clock()$
select clock_timestamp();
