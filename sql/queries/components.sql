-- name: component_documents()
select document::text from component_documents order by position, slug;

-- name: component_document(slug)$
select document::text from component_documents where slug = :slug;

-- name: insert_component(slug, name, description, status, group_id)!
insert into components (slug, name, description, status, group_id, position)
values (:slug, :name, :description, :status, :group_id,
        coalesce((select max(position) + 1 from components), 0));

-- name: set_component_status(status, slug)$
update components set status = :status where slug = :slug returning row_version;

-- name: group_id(name)$
select id from component_groups where name = :name;

-- name: insert_group(name)$
insert into component_groups (name, position)
values (:name, coalesce((select max(position) + 1 from component_groups), 0)) returning id;
