-- Tokens that expire and say who made them; operators that two people edit; and writing by hand, in psql: whatever is
-- written there is audited as well, and functions do what the panel's buttons do.

alter table tokens
    add column expires_at     timestamptz,  -- null: never
    add column created_by     text not null default '',
    add column last_used_from text not null default '',
    add constraint token_expires_after_it_was_made check (expires_at > created_at and expires_at < '9900-01-01Z');

alter table operators
    add column row_version integer not null default 1,
    add column updated_at  timestamptz not null default clock_timestamp();
-- That somebody was seen is no change.
create trigger operators_row_version before update of email, role, password_hash, disabled_at on operators
    for each row execute function bump_row_version();

create index audit_by_time on audit (at);

-- ---------------------------------------------------------------------------------------------------------------------
-- What is written by hand is audited by triggers. Gateways write their own entries, which say more: their transactions
-- set gateway.writer, for the transaction alone, so that behind a pooler nobody else inherits it.

create function record_by_hand(action text, subject_id text, before jsonb, after jsonb) returns void
language sql as $$
    insert into audit (actor, address, action, subject, subject_id, before, after)
    values (format('psql (role %s)', session_user), coalesce(host(inet_client_addr()), ''),
            $1, split_part($1, '.', 1), coalesce($2, ''), $3, $4)
$$;

-- Arguments: the subject, the column with its id, what adding one is called, what the other verbs begin with, and what
-- deleting one is called.
create function audit_by_hand() returns trigger language plpgsql security definer as $$
declare
    secrets constant text[] := '{password_hash,token_hash,secret}';
    noise   constant text[] := '{row_version,updated_at,scheduled_until}';
    was     jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    becomes jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    verb    text;
    key     text;
begin
    if was - noise = becomes - noise then
        return null;  -- nothing has changed
    end if;
    verb := case
        when tg_op = 'DELETE' then tg_argv[4]
        when tg_op = 'INSERT' and tg_argv[2] <> 'started' then tg_argv[2]
        when tg_op = 'INSERT' and (becomes->>'starts_at')::timestamptz > clock_timestamp() then 'scheduled'
        -- One that is entered afterwards is not started by this: `window.began` tells of it.
        when tg_op = 'INSERT' and (becomes->>'starts_at')::timestamptz < now() - interval '1 minute' then 'added'
        when tg_op = 'INSERT' then 'started'
        when was->'cancelled_at' = 'null' and becomes->'cancelled_at' <> 'null' then 'cancelled'
        when was->'ended_at' = 'null' and becomes->'ended_at' <> 'null' then 'ended'
        when was->'ended_at' <> 'null' and becomes->'ended_at' = 'null' then 'reopened'
        when was->'revoked_at' = 'null' and becomes->'revoked_at' <> 'null' then 'revoked'
        when was->'removed_at' = 'null' and becomes->'removed_at' <> 'null' then 'removed'
        when was->'removed_at' <> 'null' and becomes->'removed_at' = 'null' then 'restored'
        when was->'disabled_at' = 'null' and becomes->'disabled_at' <> 'null' then 'disabled'
        else 'edited' end;
    foreach key in array secrets loop
        if was is not null and becomes is not null and was->key is distinct from becomes->key then
            was := jsonb_set(was, array[key], '"*"');
            becomes := jsonb_set(becomes, array[key], '"*, another one"');
        else
            was := was - key;
            becomes := becomes - key;
        end if;
    end loop;
    perform record_by_hand(tg_argv[0] || '.' || case when tg_op = 'INSERT' then '' else tg_argv[3] end || verb, coalesce(becomes, was)->>tg_argv[1],
                           was - noise, becomes - noise);
    return null;
end $$;

create function audit_truncate_by_hand() returns trigger language plpgsql security definer as $$
declare
    rows bigint;
begin
    execute format('select count(*) from %I.%I', tg_table_schema, tg_table_name) into rows;
    perform record_by_hand(tg_argv[0] || '.all_deleted', '', jsonb_build_object('table', tg_table_name, 'rows', rows), null);
    return null;
end $$;

-- Has `on_table` audited when it is written by hand. `columns`: an update counts where it names one of them (empty: any).
-- `also_by_cascade`: false for what is deleted with its parent, whose entry says so.
create function audit_writes_by_hand(
    on_table regclass, subject text, id_column text, added text default 'added', prefix text default '',
    columns text default '', also_by_cascade boolean default true, deleted text default 'deleted'
) returns void language plpgsql as $$
declare
    by_hand constant text := 'coalesce(current_setting(''gateway.writer'', true), '''') = ''''';
begin
    execute format(
        'create or replace trigger audited_by_hand after insert or update %s or delete on %s for each row when (%s) '
        'execute function audit_by_hand(%L, %L, %L, %L, %L)',
        case when columns <> '' then 'of ' || columns else '' end, on_table,
        by_hand || case when also_by_cascade then '' else ' and pg_trigger_depth() = 0' end,
        subject, id_column, added, prefix, deleted);
    execute format(
        'create or replace trigger truncation_audited_by_hand before truncate on %s for each statement when (%s) '
        'execute function audit_truncate_by_hand(%L)', on_table, by_hand, subject);
end $$;

select audit_writes_by_hand('windows', 'window', 'id', added => 'started');
select audit_writes_by_hand('updates', 'window', 'window_id', added => 'posted', prefix => 'post_', also_by_cascade => false);
select audit_writes_by_hand('window_components', 'window', 'window_id', added => 'component_added', prefix => 'component_', also_by_cascade => false);
select audit_writes_by_hand('components', 'component', 'slug');
select audit_writes_by_hand('component_groups', 'group', 'id', deleted => 'removed');
select audit_writes_by_hand('series', 'series', 'id', added => 'scheduled');
select audit_writes_by_hand('templates', 'template', 'slug', deleted => 'removed');
select audit_writes_by_hand('bypass_links', 'bypass_link', 'id', added => 'created',
                            columns => 'id, name, expires_at, created_by, revoked_at');
select audit_writes_by_hand('bypass_key', 'bypass_key', 'only_row', added => 'created');
select audit_writes_by_hand('tokens', 'token', 'name', added => 'created',
                            columns => 'id, name, token_hash, scope, expires_at, created_by, revoked_at');
select audit_writes_by_hand('operators', 'operator', 'email', columns => 'id, email, role, password_hash, disabled_at');

-- ---------------------------------------------------------------------------------------------------------------------
-- Functions for psql. They say what is wrong by the argument's name, with a hint; they write the audit entry themselves.

create function require_argument(ok boolean, argument text, wrong text, remedy text) returns void
language plpgsql as $$
begin
    if ok is not true then
        raise exception '%: %', argument, wrong using errcode = 'invalid_parameter_value', hint = remedy;
    end if;
end $$;

create function require_one_of(given text, argument text, allowed text[]) returns void language sql as $$
    select require_argument(given = any (allowed), argument, format('%L is none of those that there are', given),
                            'one of ' || array_to_string(allowed, ', '))
$$;

-- What the audit keeps of a window: the row, with its components.
create function window_by_hand(which uuid) returns jsonb language sql stable as $$
    select to_jsonb(w) - '{row_version,updated_at,scheduled_until}'::text[] || jsonb_build_object('components', coalesce((
               select jsonb_agg(jsonb_build_object('slug', c.slug, 'status', wc.status) order by c.slug)
               from window_components wc join components c on c.id = wc.component_id where wc.window_id = w.id), '[]'))
    from windows w where w.id = which
$$;

create function list_maintenance()
returns table (id uuid, state text, kind text, gate text, starts_at timestamptz, estimated_end timestamptz, title text)
language sql stable security definer as $$
    select d.id, d.state, d.document->>'kind', d.document->>'gate', d.starts_at, d.scheduled_until, d.document->>'title'
    from window_documents d where d.state in ('scheduled', 'active', 'overrunning')
    order by d.state = 'scheduled', d.starts_at, d.id
$$;

-- The window that is meant: by its id, or without one the only one in one of `if_only` states. It is held for the
-- transaction; `allowed` are the states in which it can be `done_to_it`, as TRANSITIONS in gateway/domain/window.py.
create function chosen_window(wanted uuid, if_only text[], allowed text[], done_to_it text) returns uuid
language plpgsql as $$
declare
    candidates uuid[];
    listed     text;
    named      text;
    state_now  text;
begin
    perform version from state_version for update;  -- first, as every writer
    if wanted is null then
        select array_agg(l.id), string_agg(format('%s  %s  %s', l.id, l.state, l.title), e'\n')
        into candidates, listed from list_maintenance() l where l.state = any (if_only);
        if candidates is null then
            raise exception 'no window is %', array_to_string(if_only, ' or ')
                using errcode = 'no_data_found', hint = 'select * from list_maintenance() shows what there is';
        elsif cardinality(candidates) > 1 then
            raise exception 'id: % windows are %: say which one', cardinality(candidates), array_to_string(if_only, ' or ')
                using errcode = 'invalid_parameter_value', detail = listed,
                      hint = format('name it by its id, for example %L', candidates[1]);
        end if;
        wanted := candidates[1];
    end if;
    select d.state, d.document->>'title' into state_now, named from window_documents d where d.id = wanted;
    if state_now is null then
        raise exception 'id: there is no window %', wanted
            using errcode = 'no_data_found', hint = 'select * from list_maintenance() shows what there is';
    elsif state_now <> all (allowed) then
        raise exception 'the window "%" is %, so it can''t be %', named, state_now, done_to_it
            using errcode = 'object_not_in_prerequisite_state',
                  hint = 'that takes one that is ' || array_to_string(allowed, ' or ');
    end if;
    return wanted;
end $$;

-- Checks what a draft of the API checks (gateway/service/drafts/windows.py), and makes the window.
create function new_window_by_hand(
    title text, starts_at timestamptz, duration interval, kind text, gate text, description text, hosts text[],
    paths text[], excluded_paths text[], components jsonb, ends text, reopen_over interval
) returns uuid language plpgsql as $$
#variable_conflict use_variable
declare
    made    uuid;
    each    text;
    effects jsonb;
begin
    title := btrim(title);
    hosts := array(select lower(host) from unnest(hosts) host);
    paths := coalesce(paths, '{}');
    excluded_paths := coalesce(excluded_paths, '{}');
    components := coalesce(components, '[]');
    perform require_argument(length(title) between 1 and 200, 'title', 'must have 1 to 200 characters',
                             'customers read it: ''Database upgrade''');
    perform require_argument(starts_at between '2000-01-01Z' and '2200-01-01Z', 'starts_at',
                             'must be an instant between the years 2000 and 2200', '''2026-12-01 22:00+01'', with its offset');
    perform require_argument(
        duration > interval '0' and duration <= interval '3660 days'
        and extract(year from duration) = 0 and extract(month from duration) = 0,
        'duration', 'must be longer than nothing, and ten years at most, in days or less', 'interval ''30 minutes''');
    perform require_one_of(kind, 'kind', enum_range(null::window_kind)::text[]);
    perform require_one_of(ends, 'ends', enum_range(null::window_ends)::text[]);
    if gate is not null then
        perform require_one_of(gate, 'gate', enum_range(null::window_gate)::text[]);
    end if;
    perform require_argument(length(description) <= 20000, 'description', 'must have 20,000 characters at most',
                             'it may be empty: ''''');
    perform require_argument(reopen_over between interval '0' and interval '1 day', 'reopen_over',
                             'must lie between nothing and one day', 'interval ''10 minutes''');
    perform require_argument(cardinality(hosts) <= 200 and cardinality(paths) <= 200 and cardinality(excluded_paths) <= 200,
                             'hosts, paths, excluded_paths', 'must have 200 entries each at most', 'leave them out: all');
    foreach each in array hosts loop
        perform require_argument(each ~ '^((\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$', 'hosts',
                                 format('%L is not a host', each), '''shop.example.com'' or ''*.example.com'', without port');
    end loop;
    foreach each in array paths || excluded_paths loop
        perform require_argument(each ~ '^/[^[:space:][:cntrl:]?#%*\\]*$', 'paths, excluded_paths',
                                 format('%L is not a path', each), '''/checkout'': it covers everything below it, too');
    end loop;
    foreach each in array excluded_paths loop
        -- It opens the gate for what every server reads alike, and for nothing else (gateway/domain/scope.py).
        perform require_argument(each ~ '^(/[^/%\\;#?[:space:][:cntrl:]]+)+/?$' and each !~ '/\.\.?(/|$)' and each ~ '^[ -~]*$',
                                 'excluded_paths', format('%L is not a plain path below /', each), '''/checkout/help''');
        perform require_argument(not exists (select from unnest(paths) path where path = each
                                             or starts_with(path, rtrim(each, '/') || '/')),
                                 'excluded_paths', format('%L would leave out all of one of the paths', each),
                                 'take one of them away');
        perform require_argument(
            cardinality(paths) = 0 or exists (select from unnest(paths) path where each = path
                                              or starts_with(each, rtrim(path, '/') || '/')),
            'excluded_paths', format('%L is not below any of the paths', each), 'it would leave nothing out');
    end loop;
    select coalesce(jsonb_agg(jsonb_build_object('slug', slug, 'status', coalesce(status, 'under_maintenance'))), '[]')
    into effects from (
        select key as slug, value #>> '{}' as status
        from jsonb_each(case jsonb_typeof(components) when 'object' then components else '{}' end)
        union all
        select case jsonb_typeof(item) when 'string' then item #>> '{}' else item->>'slug' end, item->>'status'
        from jsonb_array_elements(case jsonb_typeof(components) when 'array' then components else '[]' end) item
    ) given;
    perform require_argument(jsonb_typeof(components) in ('array', 'object'), 'components',
                             'is neither a list nor an object', '''["api"]'' or ''{"api": "partial_outage"}''');
    for each in select effect->>'slug' from jsonb_array_elements(effects) effect loop
        perform require_argument(exists (select from components c where c.slug = each and c.removed_at is null), 'components',
                                 format('there is no component %L', each),
                                 coalesce('there are: ' || (select string_agg(c.slug, ', ' order by c.slug) from components c
                                                       where c.removed_at is null),
                                          'there is none yet'));
    end loop;
    for each in select effect->>'status' from jsonb_array_elements(effects) effect loop
        perform require_one_of(each, 'components', enum_range(null::component_status)::text[]);
    end loop;
    perform require_argument((select count(distinct effect->>'slug') from jsonb_array_elements(effects) effect)
                             = jsonb_array_length(effects), 'components', 'name one twice', 'name each once');

    insert into windows (title, starts_at, estimated_duration, kind, gate, description, hosts, paths, excluded_paths,
                         ends, reopen_over)
    values (title, starts_at, duration, kind::window_kind, gate::window_gate, description, hosts, paths, excluded_paths,
            ends::window_ends, reopen_over)
    returning windows.id into made;
    insert into window_components (window_id, component_id, status)
    select made, c.id, (effect->>'status')::component_status
    from jsonb_array_elements(effects) effect join components c on c.slug = effect->>'slug';
    perform record_by_hand(case when starts_at > clock_timestamp() then 'window.scheduled' else 'window.started' end,
                           made::text, null, window_by_hand(made));
    return made;
end $$;

create function start_maintenance(
    title text, duration interval default '30 minutes', kind text default 'maintenance', gate text default null,
    description text default '', hosts text[] default '{}', paths text[] default '{}', excluded_paths text[] default '{}',
    components jsonb default '[]', ends text default 'when_fixed', reopen_over interval default '0'
) returns uuid language plpgsql security definer set gateway.writer = 'function' as $$
begin
    perform version from state_version for update;  -- it starts when it is its turn, not before
    return new_window_by_hand(title, clock_timestamp(), duration, kind, gate, description, hosts, paths, excluded_paths,
                              components, ends, reopen_over);
end $$;

create function schedule_maintenance(
    title text, starts_at timestamptz, duration interval default '30 minutes', kind text default 'maintenance',
    gate text default null, description text default '', hosts text[] default '{}', paths text[] default '{}',
    excluded_paths text[] default '{}', components jsonb default '[]', ends text default 'when_fixed',
    reopen_over interval default '0'
) returns uuid language plpgsql security definer set gateway.writer = 'function' as $$
begin
    perform version from state_version for update;
    perform require_argument(starts_at > clock_timestamp(), 'starts_at', 'must lie in the future',
                             'start_maintenance(title, duration) starts one now');
    return new_window_by_hand(title, starts_at, duration, kind, gate, description, hosts, paths, excluded_paths,
                              components, ends, reopen_over);
end $$;

create function extend_maintenance(id uuid default null, by interval default '30 minutes') returns uuid
language plpgsql security definer set gateway.writer = 'function' as $$
declare
    chosen uuid;
    before jsonb;
begin
    perform require_argument(by > interval '0' and by <= interval '3660 days' and extract(year from by) = 0
                             and extract(month from by) = 0, 'by', 'must be longer than nothing, in days or less',
                             'interval ''30 minutes''');
    chosen := chosen_window(id, '{active,overrunning}', '{scheduled,active,overrunning}', 'extended');
    before := window_by_hand(chosen);
    perform require_argument(
        (select greatest(w.scheduled_until, clock_timestamp()) + by - w.starts_at <= interval '3660 days'
         from windows w where w.id = chosen),
        'by', 'would have it last longer than ten years', 'end it and start another');
    -- Beyond the present estimate, or beyond now where that has passed; rounded up to whole seconds.
    update windows w
    set estimated_duration = make_interval(secs => ceil(extract(
            epoch from greatest(w.scheduled_until, clock_timestamp()) + by - w.starts_at)))
    where w.id = chosen;
    perform record_by_hand('window.extended', chosen::text, before, window_by_hand(chosen));
    return chosen;
end $$;

create function end_maintenance(id uuid default null, fixed boolean default true) returns uuid
language plpgsql security definer set gateway.writer = 'function' as $$
declare
    chosen uuid;
    before jsonb;
begin
    perform require_argument(fixed is not null, 'fixed', 'must be true or false', 'leave it out: true');
    chosen := chosen_window(id, '{active,overrunning}', '{active,overrunning}', 'ended');
    before := window_by_hand(chosen);
    update windows w set fixed = end_maintenance.fixed, ended_at = clock_timestamp() where w.id = chosen;
    perform record_by_hand('window.ended', chosen::text, before, window_by_hand(chosen));
    return chosen;
end $$;

create function cancel_maintenance(id uuid default null) returns uuid
language plpgsql security definer set gateway.writer = 'function' as $$
declare
    chosen uuid;
    before jsonb;
begin
    chosen := chosen_window(id, '{scheduled}', '{scheduled}', 'cancelled');
    before := window_by_hand(chosen);
    update windows w set cancelled_at = clock_timestamp() where w.id = chosen;
    perform record_by_hand('window.cancelled', chosen::text, before, window_by_hand(chosen));
    return chosen;
end $$;

create function start_scheduled_maintenance(id uuid default null) returns uuid
language plpgsql security definer set gateway.writer = 'function' as $$
declare
    chosen uuid;
    before jsonb;
begin
    chosen := chosen_window(id, '{scheduled}', '{scheduled}', 'started');
    before := window_by_hand(chosen);
    update windows w set starts_at = clock_timestamp() where w.id = chosen;
    perform record_by_hand('window.started', chosen::text, before, window_by_hand(chosen));
    return chosen;
end $$;

-- One that was ended by mistake is in force again; `remaining`: how long it lasts from now on (null: as it was planned).
create function reopen_maintenance(id uuid, remaining interval default null) returns uuid
language plpgsql security definer set gateway.writer = 'function' as $$
declare
    chosen  uuid;
    before  jsonb;
    over    timestamptz;
    until   timestamptz;
    on_time boolean;
begin
    perform require_argument(id is not null, 'id', 'is missing', 'the window that was ended: select id, title from windows');
    perform require_argument(remaining is null or remaining > interval '0' and remaining <= interval '366 days'
                             and extract(year from remaining) = 0 and extract(month from remaining) = 0, 'remaining',
                             'must be longer than nothing, in days or less', 'interval ''30 minutes''');
    chosen := chosen_window(id, '{ended}', '{ended}', 'reopened');
    before := window_by_hand(chosen);
    select coalesce(w.ended_at, w.scheduled_until), w.ends = 'on_time',
           coalesce(clock_timestamp() + remaining, w.scheduled_until)
    into over, on_time, until from windows w where w.id = chosen;
    perform require_argument(over >= clock_timestamp() - interval '1 day', 'id', 'has been over for more than a day',
                             'start a new one');
    perform require_argument(until > clock_timestamp() or not on_time, 'remaining',
                             'is needed: the window ends on time, and its time is up', 'interval ''30 minutes''');
    update windows w
    set ended_at = null, fixed = false,
        estimated_duration = make_interval(secs => ceil(extract(epoch from until - w.starts_at)))
    where w.id = chosen;
    perform record_by_hand('window.reopened', chosen::text, before, window_by_hand(chosen));
    return chosen;
end $$;

create function post_update(id uuid, status text, body text) returns uuid
language plpgsql security definer set gateway.writer = 'function' as $$
declare
    chosen uuid;
begin
    perform require_one_of(status, 'status', enum_range(null::update_status)::text[]);
    perform require_argument(length(btrim(body)) between 1 and 20000, 'body', 'must have 1 to 20,000 characters',
                             'it is Markdown, for customers');
    chosen := chosen_window(id, '{active,overrunning}', '{scheduled,active,overrunning,ended}', 'posted to');
    insert into updates (window_id, status, body) values (chosen, status::update_status, btrim(body));
    perform record_by_hand('window.posted', chosen::text, null, jsonb_build_object('status', status, 'body', btrim(body)));
    return chosen;
end $$;

-- Names in these functions mean ours, whatever the caller's search_path and temporary tables; documents are written as
-- gateways write them. Nobody may call them who was not told so: `grant execute ... to gateway_operator`.
do $$
declare
    ours record;
begin
    for ours in
        select p.oid::regprocedure as signature
        from pg_proc p
        where p.pronamespace = current_schema()::regnamespace
          and p.proname in ('record_by_hand', 'audit_by_hand', 'audit_truncate_by_hand', 'audit_writes_by_hand',
                            'require_argument', 'require_one_of', 'window_by_hand', 'list_maintenance', 'chosen_window',
                            'new_window_by_hand', 'start_maintenance', 'schedule_maintenance', 'extend_maintenance',
                            'end_maintenance', 'cancel_maintenance', 'post_update', 'reopen_maintenance',
                            'start_scheduled_maintenance', 'change_actor', 'note_component_status', 'note_window_effect',
                            'keep_first_estimate')
    loop
        execute format('alter function %s set search_path = %I, pg_temp', ours.signature, current_schema());
        execute format('alter function %s set timezone = ''UTC''', ours.signature);
        execute format('alter function %s set intervalstyle = iso_8601', ours.signature);
        execute format('revoke all on function %s from public', ours.signature);
    end loop;
end $$;
