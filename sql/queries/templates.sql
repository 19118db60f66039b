-- name: templates(kind, after, most)
-- By their short names; of one kind, or of any where that is null.
select id, slug, name, kind, fields::text, row_version, created_at, updated_at from templates
where (cast(:kind as template_kind) is null or kind = :kind) and slug > :after
order by slug limit :most;

-- name: template(slug)^
select id, slug, name, kind, fields::text, row_version, created_at, updated_at from templates where slug = :slug;

-- name: template_for_update(slug)^
select id, slug, name, kind, fields::text, row_version, created_at, updated_at from templates where slug = :slug
for update;

-- name: insert_template(slug, name, kind, fields)^
insert into templates (slug, name, kind, fields) values (:slug, :name, :kind, :fields::jsonb)
returning id, slug, name, kind, fields::text, row_version, created_at, updated_at;

-- name: update_template(slug, name, fields, id)^
update templates set slug = :slug, name = :name, fields = :fields::jsonb where id = :id
returning id, slug, name, kind, fields::text, row_version, created_at, updated_at;

-- name: delete_template(id)!
delete from templates where id = :id;
