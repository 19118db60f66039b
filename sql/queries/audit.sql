-- name: write_as_gateway()$
-- For this transaction alone: behind a pooler the connection is somebody else's next.
select set_config('gateway.writer', 'gateway', true);

-- name: insert_audit(actor, address, action, subject, subject_id, before, after)!
insert into audit (actor, address, action, subject, subject_id, before, after)
values (:actor, :address, :action, :subject, :subject_id, :before::jsonb, :after::jsonb);

-- name: latest_audit(most)
select id, at, actor, address, action, subject, subject_id, before::text, after::text
from audit order by id desc limit :most;
