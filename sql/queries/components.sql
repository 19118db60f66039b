-- name: component_documents(removed, group, status, visibility, after, most)
-- In the order of the page; null: any. `after`: the slug of the last one that was read.
select d.document::text from component_documents d
where (d.removed_at is not null) = :removed
  and (cast(:group as text) is null or d.group_name = :group)
  and (cast(:status as component_status) is null or d.status = :status)
  and (cast(:visibility as component_visibility) is null or d.visibility = :visibility)
  and (cast(:after as text) is null
       or (d.group_position, d.group_name, d.position, d.slug)
          > (select a.group_position, a.group_name, a.position, a.slug from component_documents a where a.slug = :after))
order by d.group_position, d.group_name, d.position, d.slug
limit :most;

-- name: component_document(slug)$
select document::text from component_documents where slug = :slug;

-- name: insert_component(slug, name, description, status, visibility, group_id)!
insert into components (slug, name, description, status, visibility, group_id, position)
values (:slug, :name, :description, :status, :visibility, :group_id,
        coalesce((select max(position) + 1 from components), 0));

-- name: restore_component(slug, name, description, status, visibility, group_id)$
-- One that was removed comes back under its slug, behind the others, and its history goes on.
update components
set name = :name, description = :description, status = :status, visibility = :visibility, group_id = :group_id,
    position = (select max(position) + 1 from components), removed_at = null
where slug = :slug and removed_at is not null
returning row_version;

-- name: update_component(slug, name, description, status, visibility, group_id)!
-- In another group it comes last.
update components c
set name = :name, description = :description, status = :status, visibility = :visibility, group_id = :group_id,
    position = case when c.group_id is distinct from :group_id then (select max(position) + 1 from components)
                    else c.position end
where slug = :slug;

-- name: remove_component(slug)!
update components set removed_at = clock_timestamp() where slug = :slug;

-- name: windows_that_name(slug)
-- Of those that are not over.
select d.id, d.document ->> 'title' as title, d.state
from window_documents d join window_components wc on wc.window_id = d.id join components c on c.id = wc.component_id
where c.slug = :slug and d.state in ('scheduled', 'active', 'overrunning')
order by d.starts_at, d.id
limit 5;

-- name: series_that_name(slug)
-- Of those that were not ended: they will make windows that name it.
select s.id, s.draft ->> 'title' as title
from series s
where s.ended_at is null
  and s.draft -> 'components' @> jsonb_build_array(jsonb_build_object('slug', cast(:slug as text)))
order by s.created_at, s.id
limit 5;

-- name: components_there(slugs)
select slug from components where slug = any (:slugs) and removed_at is null;

-- name: order_components(slugs)!
update components c set position = wanted.place
from unnest(:slugs::text[]) with ordinality as wanted (slug, place)
where c.slug = wanted.slug and c.position <> wanted.place;

-- name: component_group_documents()
select document::text from component_group_documents order by position, name;

-- name: component_group_document(id)$
select document::text from component_group_documents where id = :id;

-- name: group_id(name)$
select id from component_groups where name = :name;

-- name: insert_group(name, description, collapsed)$
insert into component_groups (name, description, collapsed, position)
values (:name, :description, :collapsed, coalesce((select max(position) + 1 from component_groups), 0)) returning id;

-- name: update_group(id, name, description, collapsed)!
update component_groups set name = :name, description = :description, collapsed = :collapsed
where id = :id;

-- name: delete_group(id)!
delete from component_groups where id = :id;

-- name: order_groups(ids)!
update component_groups g set position = wanted.place
from unnest(:ids::uuid[]) with ordinality as wanted (id, place)
where g.id = wanted.id and g.position <> wanted.place;

-- name: own_statuses(slugs, since, until, most)
-- Of some components (null: of all): the status in force at `since`, and each later one, at most `most` for each.
select c.slug, s.status, s.since, s.changed_by
from components c cross join lateral (
    (select id, status, since, changed_by from component_statuses
     where component_id = c.id and since <= :since order by since desc, id desc limit 1)
    union all
    (select id, status, since, changed_by from component_statuses
     where component_id = c.id and since > :since and since < :until order by since, id limit :most)
) s
where cast(:slugs as text[]) is null or c.slug = any (:slugs)
order by c.slug, s.since, s.id;

-- name: window_effects(slugs, since, until, most)
-- What windows gave them, cut to the window's real time: from its start to its end, without cancelled ones.
select c.slug, w.id as window_id, w.title, e.status, times.since, times.until
from components c
join window_effects e on e.component_id = c.id
join windows w on w.id = e.window_id
cross join lateral (
    select greatest(e.since, w.starts_at) as since,
           least(e.until, w.ended_at, case when w.ended_at is null and w.ends = 'on_time' then w.scheduled_until end)
           as until) times
where (cast(:slugs as text[]) is null or c.slug = any (:slugs))
  and w.cancelled_at is null
  and times.since < :until and (times.until is null or times.until > greatest(:since, times.since))
order by c.slug, times.since, w.id
limit :most;
