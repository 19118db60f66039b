-- name: write_as(writer)$
-- For this transaction alone: behind a pooler the connection is somebody else's next.
select set_config('gateway.writer', :writer, true);

-- name: insert_audit(actor, address, action, subject, subject_id, before, after)!
insert into audit (actor, address, action, subject, subject_id, before, after)
values (:actor, :address, :action, :subject, :subject_id, :before::jsonb, :after::jsonb);

-- name: audit_page(actor, action, subject, subject_id, since, until, before_id, most)
-- The newest first. Actor and action by how they begin; null: any.
select id, at, actor, address, action, subject, subject_id, before::text, after::text
from audit
where (cast(:actor as text) is null or starts_with(lower(actor), lower(:actor)))
  and (cast(:action as text) is null or starts_with(action, :action))
  and (cast(:subject as text) is null or subject = :subject)
  and (cast(:subject_id as text) is null or subject_id = :subject_id)
  and (cast(:since as timestamptz) is null or at >= :since)
  and (cast(:until as timestamptz) is null or at < :until)
  and (cast(:before_id as bigint) is null or id < :before_id)
order by id desc limit :most;

-- name: audit_entry(id)^
select id, at, actor, address, action, subject, subject_id, before::text, after::text from audit where id = :id;
