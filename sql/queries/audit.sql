-- name: insert_audit(actor, address, action, subject, subject_id, before, after)!
insert into audit (actor, address, action, subject, subject_id, before, after)
values (:actor, :address, :action, :subject, :subject_id, :before::jsonb, :after::jsonb);

-- name: latest_audit(most)
select id, at, actor, address, action, subject, subject_id, before::text, after::text
from audit order by id desc limit :most;
