-- Components and groups as SREs keep them: who sees a component, what a group says, and a history that is kept for ever.

create type component_visibility as enum ('shown', 'only_when_degraded', 'hidden');

alter table components
    add column visibility component_visibility not null default 'shown',
    -- Removed ones stay, with their history and for the windows that name them; adding the same slug brings one back.
    add column removed_at timestamptz,
    add constraint component_is_of_our_times check (
        created_at between '1970-01-01Z' and '9000-01-01Z' and removed_at between '1970-01-01Z' and '9900-01-01Z');

alter table component_groups
    add column description text not null default '' check (length(description) <= 2000),
    -- Closed on the page while all of it is operational.
    add column collapsed   boolean not null default false,
    add column row_version integer not null default 1,
    add column updated_at  timestamptz not null default clock_timestamp();

-- That others were moved past it is no change of a row: who edits a text meanwhile need not read it again.
drop trigger components_row_version on components;
create trigger components_row_version before update on components
    for each row when (old.position = new.position or old.group_id is distinct from new.group_id
                       or old.removed_at is distinct from new.removed_at)
    execute function bump_row_version();
create trigger component_groups_row_version before update on component_groups
    for each row when (old.position = new.position) execute function bump_row_version();

-- Each component's own status, from when on and by whom; whoever writes, by whatever way. Null: it is removed.
create table component_statuses (
    id           bigint generated always as identity primary key,
    component_id uuid not null references components,
    status       component_status,
    since        timestamptz not null default clock_timestamp(),
    changed_by   text not null
);
create index component_statuses_by_time on component_statuses (component_id, since desc, id desc);

-- What is known from before: from the audit, else the present status.
insert into component_statuses (component_id, status, since, changed_by)
select c.id, (a.after ->> 'status')::component_status, a.at, a.actor
from audit a join components c on c.id::text = a.after ->> 'id'
where a.subject = 'component' and a.after ->> 'status' = any (enum_range(null::component_status)::text[])
order by a.id;
insert into component_statuses (component_id, status, since, changed_by)
select c.id, c.status, c.updated_at, 'migration' from components c
where c.status is distinct from (select s.status from component_statuses s where s.component_id = c.id
                                 order by s.since desc, s.id desc limit 1);

create trigger component_statuses_append_only before update or delete or truncate on component_statuses
    for each statement execute function refuse_change();

-- Who is meant by a change: the actor that the gateway names (`act_as`), else the role of whoever types.
create function change_actor() returns text language sql stable as $$
    select coalesce(nullif(current_setting('gateway.writer', true), ''), 'psql (role ' || session_user || ')')
$$;

-- Whoever may write the components may leave their trace.
create function note_component_status() returns trigger language plpgsql security definer as $$
begin
    insert into component_statuses (component_id, status, changed_by)
    values (new.id, case when new.removed_at is null then new.status end, change_actor());
    return null;
end $$;
create trigger components_note_first_status after insert on components
    for each row execute function note_component_status();
create trigger components_note_status after update on components
    for each row when (case when old.removed_at is null then old.status end
                       is distinct from case when new.removed_at is null then new.status end)
    execute function note_component_status();

create function refuse_component_delete() returns trigger language plpgsql as $$
begin
    raise exception 'the component "%" is not deleted, so that its history is kept', old.slug
        using errcode = 'restrict_violation',
              hint = format('update components set removed_at = clock_timestamp() where slug = %L', old.slug);
end $$;
create trigger components_are_kept before delete on components
    for each row execute function refuse_component_delete();

-- Which status a window gives a component, from when until when. What the window was made with counts from its start
-- (-infinity), also where that is moved; what is changed later counts from the change on. Null: until the window's end.
create table window_effects (
    id           bigint generated always as identity primary key,
    window_id    uuid not null references windows on delete cascade,
    component_id uuid not null references components,
    status       component_status not null,
    since        timestamptz not null,
    until        timestamptz
);
create index window_effects_by_window on window_effects (window_id, component_id, id desc);
create index window_effects_by_component on window_effects (component_id);

insert into window_effects (window_id, component_id, status, since)
select window_id, component_id, status, '-infinity' from window_components;

create function note_window_effect() returns trigger language plpgsql security definer as $$
declare
    latest window_effects;
begin
    if tg_op <> 'INSERT' then
        update window_effects set until = clock_timestamp()
        where window_id = old.window_id and component_id = old.component_id and until is null;
    end if;
    if tg_op <> 'DELETE' then
        select * into latest from window_effects
        where window_id = new.window_id and component_id = new.component_id order by id desc limit 1;
        -- A writer replaces all rows of a window: what is taken away and given back within its transaction has not
        -- changed, and what is given instead follows without a gap.
        if latest.until >= transaction_timestamp() and latest.status = new.status then
            update window_effects set until = null where id = latest.id;
        else
            insert into window_effects (window_id, component_id, status, since)
            select new.window_id, new.component_id, new.status,
                   case when latest.until >= transaction_timestamp() then latest.until
                        -- Made with the window, by this transaction: it counts from the window's start.
                        when w.created_at >= transaction_timestamp() and w.xmin = pg_current_xact_id()::xid then '-infinity'
                        else clock_timestamp() end
            from windows w where w.id = new.window_id;
        end if;
    end if;
    return null;
end $$;
create trigger window_components_note_effect after insert or update or delete on window_components
    for each row execute function note_window_effect();

-- In the order of the page: without a group first, then group by group.
-- Replaced, so that who was allowed to read it still is: new columns come last.
create or replace view component_documents as
select c.position, c.slug,
       jsonb_build_object('id', c.id, 'slug', c.slug, 'name', c.name, 'description', c.description, 'status', c.status,
                          'visibility', c.visibility, 'group_id', c.group_id, 'group', g.name,
                          'position', c.position, 'row_version', c.row_version, 'created_at', c.created_at,
                          'updated_at', c.updated_at, 'removed_at', c.removed_at) as document,
       c.status, c.visibility, c.removed_at, coalesce(g.position, -2147483648) as group_position,
       coalesce(g.name, '') as group_name
from components c left join component_groups g on g.id = c.group_id;

create view component_group_documents as
select g.id, g.name, g.position,
       jsonb_build_object('id', g.id, 'name', g.name, 'description', g.description, 'collapsed', g.collapsed,
                          'position', g.position, 'row_version', g.row_version) as document
from component_groups g;
