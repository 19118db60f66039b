-- What the migrations add up to. For reading only: `python -m tests.schema` writes it, nothing loads it.

CREATE TYPE public.component_status AS ENUM (
    'operational',
    'under_maintenance',
    'degraded_performance',
    'partial_outage',
    'major_outage'
);

CREATE TYPE public.component_visibility AS ENUM (
    'shown',
    'only_when_degraded',
    'hidden'
);

CREATE TYPE public.operator_role AS ENUM (
    'viewer',
    'reporter',
    'operator',
    'administrator'
);

CREATE TYPE public.template_kind AS ENUM (
    'window',
    'update'
);

CREATE TYPE public.token_scope AS ENUM (
    'read',
    'report',
    'write',
    'admin'
);

CREATE TYPE public.update_status AS ENUM (
    'scheduled',
    'investigating',
    'identified',
    'in_progress',
    'monitoring',
    'verifying',
    'resolved',
    'completed',
    'cancelled'
);

CREATE TYPE public.window_ends AS ENUM (
    'when_fixed',
    'on_time'
);

CREATE TYPE public.window_gate AS ENUM (
    'none',
    'read_only',
    'closed'
);

CREATE TYPE public.window_kind AS ENUM (
    'maintenance',
    'downtime',
    'degradation',
    'announcement'
);

CREATE FUNCTION public.are_bodies(given jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    select jsonb_typeof(given) = 'object' and not exists (
        select from jsonb_each(case jsonb_typeof(given) when 'object' then given else '{}' end) translation (tag, body)
        where jsonb_typeof(body) <> 'string' or length(body #>> '{}') not between 1 and 20000)
$$;

CREATE FUNCTION public.are_window_texts(given jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    select jsonb_typeof(given) = 'object' and not exists (
        select from jsonb_each(case jsonb_typeof(given) when 'object' then given else '{}' end) translation (tag, texts)
        where (jsonb_typeof(texts->'title') = 'string' and length(texts->>'title') between 1 and 200
               and jsonb_typeof(coalesce(texts->'description', '""')) = 'string'
               and length(coalesce(texts->>'description', '')) <= 20000) is not true)
$$;

CREATE FUNCTION public.audit_by_hand() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
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

CREATE FUNCTION public.audit_truncate_by_hand() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
declare
    rows bigint;
begin
    execute format('select count(*) from %I.%I', tg_table_schema, tg_table_name) into rows;
    perform record_by_hand(tg_argv[0] || '.all_deleted', '', jsonb_build_object('table', tg_table_name, 'rows', rows), null);
    return null;
end $$;

CREATE FUNCTION public.audit_writes_by_hand(on_table regclass, subject text, id_column text, added text DEFAULT 'added'::text, prefix text DEFAULT ''::text, columns text DEFAULT ''::text, also_by_cascade boolean DEFAULT true, deleted text DEFAULT 'deleted'::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
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

CREATE FUNCTION public.bump_row_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    return new;
end $$;

CREATE FUNCTION public.bump_state_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    current bigint;
begin
    update state_version set version = greatest(version + 1, extract(epoch from clock_timestamp()) * 1000000)
    returning version into current;
    -- The payload is the number alone: more than 8000 bytes would fail the writer.
    perform pg_notify('gateway_state', current::text);
    return null;
end $$;

CREATE FUNCTION public.cancel_maintenance(id uuid DEFAULT NULL::uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET "gateway.writer" TO 'function'
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
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

CREATE FUNCTION public.cancel_windows_of_series() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    update windows set cancelled_at = clock_timestamp()
    where series_id = new.id and starts_at > clock_timestamp() and cancelled_at is null and ended_at is null;
    return null;
end $$;

CREATE FUNCTION public.change_actor() RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
    select coalesce(nullif(current_setting('gateway.writer', true), ''), 'psql (role ' || session_user || ')')
$$;

CREATE FUNCTION public.chosen_window(wanted uuid, if_only text[], allowed text[], done_to_it text) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
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

CREATE FUNCTION public.end_maintenance(id uuid DEFAULT NULL::uuid, fixed boolean DEFAULT true) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET "gateway.writer" TO 'function'
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
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

CREATE FUNCTION public.extend_maintenance(id uuid DEFAULT NULL::uuid, by interval DEFAULT '00:30:00'::interval) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET "gateway.writer" TO 'function'
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
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

CREATE FUNCTION public.fill_window() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.gate := coalesce(new.gate, case when new.kind in ('maintenance', 'downtime') then 'closed' else 'none' end::window_gate);
    new.scheduled_until := new.starts_at + new.estimated_duration;
    if new.fixed and new.ended_at is null then
        if new.cancelled_at is not null or new.starts_at > clock_timestamp() then
            -- "update windows set fixed = true" in an emergency must end what is in force, whatever else is scheduled.
            raise notice 'the window "%" is not in force, so there is nothing to fix: it is left as it is', new.title;
            new.fixed := false;
        else
            new.ended_at := clock_timestamp();
        end if;
    end if;
    return new;
end $$;

CREATE FUNCTION public.has_second_factor(which uuid) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    select exists (select from authenticators where operator_id = which and confirmed_at is not null)
$$;

CREATE FUNCTION public.keep_first_estimate() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
begin
    if tg_op = 'INSERT' then
        new.first_estimate := new.estimated_duration;
    elsif old.starts_at > clock_timestamp() or new.starts_at > clock_timestamp() then
        new.first_estimate := new.estimated_duration;
    else
        new.first_estimate := old.first_estimate;
    end if;
    return new;
end $$;

CREATE FUNCTION public.list_maintenance() RETURNS TABLE(id uuid, state text, kind text, gate text, starts_at timestamp with time zone, estimated_end timestamp with time zone, title text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
    select d.id, d.state, d.document->>'kind', d.document->>'gate', d.starts_at, d.scheduled_until, d.document->>'title'
    from window_documents d where d.state in ('scheduled', 'active', 'overrunning')
    order by d.state = 'scheduled', d.starts_at, d.id
$$;

CREATE FUNCTION public.new_window_by_hand(title text, starts_at timestamp with time zone, duration interval, kind text, gate text, description text, hosts text[], paths text[], excluded_paths text[], components jsonb, ends text, reopen_over interval) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $_$
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
end $_$;

CREATE FUNCTION public.note_component_status() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
begin
    insert into component_statuses (component_id, status, changed_by)
    values (new.id, case when new.removed_at is null then new.status end, change_actor());
    return null;
end $$;

CREATE FUNCTION public.note_window_effect() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
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

CREATE FUNCTION public.post_update(id uuid, status text, body text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET "gateway.writer" TO 'function'
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
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

CREATE FUNCTION public.queue_for_state_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform version from state_version for update;
    return null;
end $$;

CREATE FUNCTION public.record_by_hand(action text, subject_id text, before jsonb, after jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $_$
    insert into audit (actor, address, action, subject, subject_id, before, after)
    values (format('psql (role %s)', session_user), coalesce(host(inet_client_addr()), ''),
            $1, split_part($1, '.', 1), coalesce($2, ''), $3, $4)
$_$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'the table % is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;

CREATE FUNCTION public.refuse_component_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'the component "%" is not deleted, so that its history is kept', old.slug
        using errcode = 'restrict_violation',
              hint = format('update components set removed_at = clock_timestamp() where slug = %L', old.slug);
end $$;

CREATE FUNCTION public.reopen_maintenance(id uuid, remaining interval DEFAULT NULL::interval) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET "gateway.writer" TO 'function'
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
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

CREATE FUNCTION public.require_argument(ok boolean, argument text, wrong text, remedy text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
begin
    if ok is not true then
        raise exception '%: %', argument, wrong using errcode = 'invalid_parameter_value', hint = remedy;
    end if;
end $$;

CREATE FUNCTION public.require_one_of(given text, argument text, allowed text[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
    select require_argument(given = any (allowed), argument, format('%L is none of those that there are', given),
                            'one of ' || array_to_string(allowed, ', '))
$$;

CREATE FUNCTION public.schedule_maintenance(title text, starts_at timestamp with time zone, duration interval DEFAULT '00:30:00'::interval, kind text DEFAULT 'maintenance'::text, gate text DEFAULT NULL::text, description text DEFAULT ''::text, hosts text[] DEFAULT '{}'::text[], paths text[] DEFAULT '{}'::text[], excluded_paths text[] DEFAULT '{}'::text[], components jsonb DEFAULT '[]'::jsonb, ends text DEFAULT 'when_fixed'::text, reopen_over interval DEFAULT '00:00:00'::interval) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET "gateway.writer" TO 'function'
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
begin
    perform version from state_version for update;
    perform require_argument(starts_at > clock_timestamp(), 'starts_at', 'must lie in the future',
                             'start_maintenance(title, duration) starts one now');
    return new_window_by_hand(title, starts_at, duration, kind, gate, description, hosts, paths, excluded_paths,
                              components, ends, reopen_over);
end $$;

CREATE FUNCTION public.start_maintenance(title text, duration interval DEFAULT '00:30:00'::interval, kind text DEFAULT 'maintenance'::text, gate text DEFAULT NULL::text, description text DEFAULT ''::text, hosts text[] DEFAULT '{}'::text[], paths text[] DEFAULT '{}'::text[], excluded_paths text[] DEFAULT '{}'::text[], components jsonb DEFAULT '[]'::jsonb, ends text DEFAULT 'when_fixed'::text, reopen_over interval DEFAULT '00:00:00'::interval) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET "gateway.writer" TO 'function'
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
begin
    perform version from state_version for update;  -- it starts when it is its turn, not before
    return new_window_by_hand(title, clock_timestamp(), duration, kind, gate, description, hosts, paths, excluded_paths,
                              components, ends, reopen_over);
end $$;

CREATE FUNCTION public.start_scheduled_maintenance(id uuid DEFAULT NULL::uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET "gateway.writer" TO 'function'
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
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

CREATE FUNCTION public.touch_windows() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    update windows set updated_at = clock_timestamp() where id in (select window_id from touched);
    return null;
end $$;

CREATE FUNCTION public.window_by_hand(which uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    AS $$
    select to_jsonb(w) - '{row_version,updated_at,scheduled_until}'::text[] || jsonb_build_object('components', coalesce((
               select jsonb_agg(jsonb_build_object('slug', c.slug, 'status', wc.status) order by c.slug)
               from window_components wc join components c on c.id = wc.component_id where wc.window_id = w.id), '[]'))
    from windows w where w.id = which
$$;

CREATE TABLE public.audit (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    subject_id text DEFAULT ''::text NOT NULL,
    before jsonb,
    after jsonb
);

ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.authenticator_key (
    only_row boolean DEFAULT true NOT NULL,
    secret bytea NOT NULL,
    CONSTRAINT authenticator_key_is_long CHECK ((length(secret) = 32)),
    CONSTRAINT authenticator_key_only_row_check CHECK (only_row)
);

CREATE TABLE public.authenticators (
    operator_id uuid NOT NULL,
    secret bytea NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL,
    wrong_codes integer DEFAULT 0 NOT NULL,
    wrong_since timestamp with time zone
);

CREATE TABLE public.bypass_key (
    only_row boolean DEFAULT true NOT NULL,
    secret bytea NOT NULL,
    CONSTRAINT bypass_key_is_long CHECK ((length(secret) = 32)),
    CONSTRAINT bypass_key_only_row_check CHECK (only_row)
);

CREATE TABLE public.bypass_links (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    first_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    first_used_from text DEFAULT ''::text NOT NULL,
    CONSTRAINT bypass_link_expires_in_time CHECK (((expires_at > created_at) AND (expires_at <= (created_at + '720:00:00'::interval)))),
    CONSTRAINT bypass_link_is_of_our_times CHECK ((((created_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (created_at <= '9000-01-01 00:00:00+00'::timestamp with time zone)) AND ((first_used_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (first_used_at <= '9900-01-01 00:00:00+00'::timestamp with time zone)) AND ((revoked_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (revoked_at <= '9900-01-01 00:00:00+00'::timestamp with time zone)))),
    CONSTRAINT bypass_links_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

CREATE TABLE public.component_groups (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    collapsed boolean DEFAULT false NOT NULL,
    row_version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT component_groups_description_check CHECK ((length(description) <= 2000)),
    CONSTRAINT component_groups_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

CREATE TABLE public.components (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    status public.component_status DEFAULT 'operational'::public.component_status NOT NULL,
    group_id uuid,
    "position" integer DEFAULT 0 NOT NULL,
    row_version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    visibility public.component_visibility DEFAULT 'shown'::public.component_visibility NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT component_is_of_our_times CHECK ((((created_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (created_at <= '9000-01-01 00:00:00+00'::timestamp with time zone)) AND ((removed_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (removed_at <= '9900-01-01 00:00:00+00'::timestamp with time zone)))),
    CONSTRAINT components_description_check CHECK ((length(description) <= 2000)),
    CONSTRAINT components_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT components_slug_check CHECK (((slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text) AND (length(slug) <= 60)))
);

CREATE VIEW public.component_documents AS
 SELECT c."position",
    c.slug,
    jsonb_build_object('id', c.id, 'slug', c.slug, 'name', c.name, 'description', c.description, 'status', c.status, 'visibility', c.visibility, 'group_id', c.group_id, 'group', g.name, 'position', c."position", 'row_version', c.row_version, 'created_at', c.created_at, 'updated_at', c.updated_at, 'removed_at', c.removed_at) AS document,
    c.status,
    c.visibility,
    c.removed_at,
    COALESCE(g."position", '-2147483648'::integer) AS group_position,
    COALESCE(g.name, ''::text) AS group_name
   FROM (public.components c
     LEFT JOIN public.component_groups g ON ((g.id = c.group_id)));

CREATE VIEW public.component_group_documents AS
 SELECT id,
    name,
    "position",
    jsonb_build_object('id', id, 'name', name, 'description', description, 'collapsed', collapsed, 'position', "position", 'row_version', row_version) AS document
   FROM public.component_groups g;

CREATE TABLE public.component_statuses (
    id bigint NOT NULL,
    component_id uuid NOT NULL,
    status public.component_status,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_by text NOT NULL
);

ALTER TABLE public.component_statuses ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.component_statuses_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.idempotency_keys (
    actor text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    act uuid NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    status smallint,
    headers jsonb DEFAULT '{}'::jsonb NOT NULL,
    body text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.jobs (
    name text NOT NULL,
    subject text DEFAULT ''::text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    claimed_by text NOT NULL,
    claimed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.operators (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    email text NOT NULL,
    role public.operator_role NOT NULL,
    password_hash text,
    disabled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_seen_at timestamp with time zone,
    row_version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT operators_email_check CHECK (((email ~ '^[^@\s]+@[^@\s]+$'::text) AND (length(email) <= 254)))
);

CREATE TABLE public.pending_sign_ins (
    token_hash bytea NOT NULL,
    operator_id uuid NOT NULL,
    method text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.recovery_codes (
    operator_id uuid NOT NULL,
    code_hash bytea NOT NULL
);

CREATE TABLE public.refusal_writers (
    id uuid NOT NULL,
    written bigint NOT NULL,
    written_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.replicas (
    id uuid NOT NULL,
    name text NOT NULL,
    applied_version bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    heartbeat_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    host text DEFAULT ''::text NOT NULL,
    pid integer NOT NULL,
    process_started bigint NOT NULL,
    gates jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.series (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    rule text NOT NULL,
    time_zone text NOT NULL,
    first_start timestamp without time zone NOT NULL,
    excluded_dates date[] DEFAULT '{}'::date[] NOT NULL,
    draft jsonb NOT NULL,
    ended_at timestamp with time zone,
    row_version integer DEFAULT 1 NOT NULL,
    made_version integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT series_has_a_draft CHECK ((jsonb_typeof(draft) = 'object'::text)),
    CONSTRAINT series_has_a_rule CHECK ((((length(rule) >= 1) AND (length(rule) <= 500)) AND ((length(time_zone) >= 1) AND (length(time_zone) <= 100)))),
    CONSTRAINT series_is_of_our_times CHECK (((first_start >= '1970-01-01 00:00:00'::timestamp without time zone) AND (first_start <= '9000-01-01 00:00:00'::timestamp without time zone))),
    CONSTRAINT series_names_excluded_dates CHECK (((COALESCE(array_ndims(excluded_dates), 1) = 1) AND (array_position(excluded_dates, NULL::date) IS NULL)))
);

CREATE TABLE public.sessions (
    token_hash bytea NOT NULL,
    operator_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    user_agent text DEFAULT ''::text NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    last_used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    method text DEFAULT 'password'::text NOT NULL
);

CREATE TABLE public.sign_in_links (
    token_hash bytea NOT NULL,
    operator_id uuid,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.sign_in_networks (
    operator_id uuid NOT NULL,
    network text NOT NULL,
    last_used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.state_version (
    only_row boolean DEFAULT true NOT NULL,
    version bigint DEFAULT (EXTRACT(epoch FROM clock_timestamp()) * (1000000)::numeric) NOT NULL,
    CONSTRAINT state_version_only_row_check CHECK (only_row)
);

CREATE TABLE public.templates (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    kind public.template_kind NOT NULL,
    fields jsonb NOT NULL,
    row_version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT templates_fields_check CHECK (((jsonb_typeof(fields) = 'object'::text) AND (length((fields)::text) <= 600000))),
    CONSTRAINT templates_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT templates_slug_check CHECK (((slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text) AND (length(slug) <= 60)))
);

CREATE TABLE public.tokens (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    scope public.token_scope NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    expires_at timestamp with time zone,
    created_by text DEFAULT ''::text NOT NULL,
    last_used_from text DEFAULT ''::text NOT NULL,
    CONSTRAINT token_expires_after_it_was_made CHECK (((expires_at > created_at) AND (expires_at < '9900-01-01 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT tokens_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

CREATE TABLE public.updates (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    window_id uuid NOT NULL,
    status public.update_status NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    translations jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT update_translations_are_bodies CHECK (public.are_bodies(translations)),
    CONSTRAINT updates_body_check CHECK (((length(body) >= 1) AND (length(body) <= 20000)))
);

CREATE TABLE public.window_clients (
    window_id uuid NOT NULL,
    client bytea NOT NULL
);

CREATE TABLE public.window_components (
    window_id uuid NOT NULL,
    component_id uuid NOT NULL,
    status public.component_status DEFAULT 'under_maintenance'::public.component_status NOT NULL
);

CREATE TABLE public.windows (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind public.window_kind DEFAULT 'maintenance'::public.window_kind NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    starts_at timestamp with time zone DEFAULT now() NOT NULL,
    estimated_duration interval DEFAULT '00:30:00'::interval NOT NULL,
    ends public.window_ends DEFAULT 'when_fixed'::public.window_ends NOT NULL,
    gate public.window_gate NOT NULL,
    hosts text[] DEFAULT '{}'::text[] NOT NULL,
    paths text[] DEFAULT '{}'::text[] NOT NULL,
    reminders interval[] DEFAULT '{}'::interval[] NOT NULL,
    reopen_over interval DEFAULT '00:00:00'::interval NOT NULL,
    fixed boolean DEFAULT false NOT NULL,
    ended_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    scheduled_until timestamp with time zone NOT NULL,
    row_version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    excluded_paths text[] DEFAULT '{}'::text[] NOT NULL,
    series_id uuid,
    occurs_on timestamp without time zone,
    occurs_at timestamp with time zone,
    made_version integer,
    first_estimate interval NOT NULL,
    translations jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT window_ended_after_it_started CHECK ((ended_at >= starts_at)),
    CONSTRAINT window_ended_or_cancelled CHECK (((ended_at IS NULL) OR (cancelled_at IS NULL))),
    CONSTRAINT window_ends_after_it_starts CHECK ((estimated_duration > '00:00:00'::interval)),
    CONSTRAINT window_fixed_means_ended CHECK (((NOT fixed) OR (ended_at IS NOT NULL))),
    CONSTRAINT window_is_of_our_times CHECK ((((starts_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (starts_at <= '9000-01-01 00:00:00+00'::timestamp with time zone)) AND (ended_at < '9900-01-01 00:00:00+00'::timestamp with time zone) AND ((cancelled_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (cancelled_at <= '9900-01-01 00:00:00+00'::timestamp with time zone)))),
    CONSTRAINT window_lasts_days_not_months CHECK (((EXTRACT(year FROM estimated_duration) = (0)::numeric) AND (EXTRACT(month FROM estimated_duration) = (0)::numeric) AND (estimated_duration <= '3660 days'::interval))),
    CONSTRAINT window_names_excluded_paths CHECK (((COALESCE(array_ndims(excluded_paths), 1) = 1) AND (array_position(excluded_paths, NULL::text) IS NULL))),
    CONSTRAINT window_names_hosts_and_paths CHECK (((COALESCE(array_ndims(hosts), 1) = 1) AND (COALESCE(array_ndims(paths), 1) = 1) AND (array_position(hosts, NULL::text) IS NULL) AND (array_position(paths, NULL::text) IS NULL))),
    CONSTRAINT window_occurs_in_a_series CHECK ((((series_id IS NULL) = (occurs_on IS NULL)) AND ((series_id IS NULL) = (occurs_at IS NULL)) AND ((series_id IS NULL) = (made_version IS NULL)))),
    CONSTRAINT window_occurs_in_our_times CHECK ((((occurs_on >= '1970-01-01 00:00:00'::timestamp without time zone) AND (occurs_on <= '9000-01-01 00:00:00'::timestamp without time zone)) AND ((occurs_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (occurs_at <= '9000-01-01 00:00:00+00'::timestamp with time zone)))),
    CONSTRAINT window_reminds_before_it_starts CHECK ((((('00:00:00'::interval <= ALL (reminders)) AND ('366 days'::interval >= ALL (reminders))) IS TRUE) AND (COALESCE(array_ndims(reminders), 1) = 1))),
    CONSTRAINT window_reopens_in_time CHECK (((reopen_over >= '00:00:00'::interval) AND (reopen_over <= '1 day'::interval))),
    CONSTRAINT window_translations_are_texts CHECK (public.are_window_texts(translations)),
    CONSTRAINT windows_description_check CHECK ((length(description) <= 20000)),
    CONSTRAINT windows_title_check CHECK (((length(title) >= 1) AND (length(title) <= 200)))
);

CREATE VIEW public.window_documents AS
 SELECT w.id,
    w.starts_at,
    w.scheduled_until,
    w.ended_at,
    w.cancelled_at,
    w.ends,
        CASE
            WHEN (w.cancelled_at IS NOT NULL) THEN 'cancelled'::text
            WHEN (clock_timestamp() < w.starts_at) THEN 'scheduled'::text
            WHEN (w.ended_at <= clock_timestamp()) THEN 'ended'::text
            WHEN ((w.ended_at IS NULL) AND (w.ends = 'on_time'::public.window_ends) AND (w.scheduled_until <= clock_timestamp())) THEN 'ended'::text
            WHEN (w.scheduled_until <= clock_timestamp()) THEN 'overrunning'::text
            ELSE 'active'::text
        END AS state,
    jsonb_build_object('id', w.id, 'kind', w.kind, 'title', w.title, 'description', w.description, 'translations', w.translations, 'starts_at', w.starts_at, 'estimated_duration', EXTRACT(epoch FROM w.estimated_duration), 'ends', w.ends, 'gate', w.gate, 'scope', jsonb_build_object('hosts', w.hosts, 'paths', w.paths, 'excluded_paths', w.excluded_paths), 'components', COALESCE(( SELECT jsonb_agg(jsonb_build_object('slug', c.slug, 'status', wc.status) ORDER BY c."position", c.slug) AS jsonb_agg
           FROM (public.window_components wc
             JOIN public.components c ON ((c.id = wc.component_id)))
          WHERE (wc.window_id = w.id)), '[]'::jsonb), 'reminders', COALESCE(( SELECT jsonb_agg(EXTRACT(epoch FROM lead_time.lead_time)) AS jsonb_agg
           FROM unnest(w.reminders) lead_time(lead_time)), '[]'::jsonb), 'recurrence',
        CASE
            WHEN (s.id IS NOT NULL) THEN jsonb_build_object('series', s.id, 'rule', s.rule, 'time_zone', s.time_zone, 'occurs_at', w.occurs_at, 'occurs_on', w.occurs_on)
            ELSE NULL::jsonb
        END, 'reopen_over', EXTRACT(epoch FROM w.reopen_over), 'fixed', w.fixed, 'ended_at', w.ended_at, 'cancelled_at', w.cancelled_at, 'row_version', w.row_version, 'created_at', w.created_at, 'updated_at', w.updated_at, 'updates', COALESCE(( SELECT jsonb_agg(jsonb_build_object('id', u.id, 'status', u.status, 'body', u.body, 'translations', u.translations, 'created_at', u.created_at) ORDER BY u.created_at DESC, u.id) AS jsonb_agg
           FROM public.updates u
          WHERE (u.window_id = w.id)), '[]'::jsonb)) AS document
   FROM (public.windows w
     LEFT JOIN public.series s ON ((s.id = w.series_id)));

CREATE TABLE public.window_effects (
    id bigint NOT NULL,
    window_id uuid NOT NULL,
    component_id uuid NOT NULL,
    status public.component_status NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone
);

ALTER TABLE public.window_effects ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.window_effects_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.window_refusals (
    window_id uuid NOT NULL,
    requests bigint DEFAULT 0,
    clients bigint DEFAULT 0,
    is_at_least boolean DEFAULT false NOT NULL,
    counted_until timestamp with time zone NOT NULL,
    client_key bytea DEFAULT decode(replace(((gen_random_uuid())::text || (gen_random_uuid())::text), '-'::text, ''::text), 'hex'::text)
);

CREATE VIEW public.window_history AS
 SELECT w.id,
    w.kind,
    w.title,
    w.gate,
    w.starts_at,
    over.ended_at,
    w.fixed,
    w.first_estimate,
    w.estimated_duration,
        CASE
            WHEN ((w.cancelled_at IS NULL) AND (w.starts_at <= clock_timestamp())) THEN (COALESCE(over.ended_at, clock_timestamp()) - w.starts_at)
            ELSE NULL::interval
        END AS real_duration,
        CASE
            WHEN (r.window_id IS NULL) THEN (0)::bigint
            ELSE r.requests
        END AS refused_requests,
        CASE
            WHEN (r.window_id IS NULL) THEN (0)::bigint
            ELSE r.clients
        END AS distinct_clients,
    COALESCE(r.is_at_least, false) AS is_at_least,
        CASE
            WHEN (r.requests IS NOT NULL) THEN r.counted_until
            ELSE NULL::timestamp with time zone
        END AS counted_until,
    ARRAY( SELECT c.slug
           FROM (public.window_components wc
             JOIN public.components c ON ((c.id = wc.component_id)))
          WHERE (wc.window_id = w.id)
          ORDER BY c."position", c.slug) AS components
   FROM ((public.windows w
     LEFT JOIN public.window_refusals r ON ((r.window_id = w.id)))
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN ((w.cancelled_at IS NULL) AND (stop.stops_at <= clock_timestamp())) THEN stop.stops_at
                    ELSE NULL::timestamp with time zone
                END AS ended_at
           FROM ( SELECT COALESCE(w.ended_at,
                        CASE
                            WHEN (w.ends = 'on_time'::public.window_ends) THEN w.scheduled_until
                            ELSE NULL::timestamp with time zone
                        END) AS stops_at) stop) over);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.authenticator_key
    ADD CONSTRAINT authenticator_key_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.authenticators
    ADD CONSTRAINT authenticators_pkey PRIMARY KEY (operator_id);

ALTER TABLE ONLY public.bypass_key
    ADD CONSTRAINT bypass_key_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.bypass_links
    ADD CONSTRAINT bypass_links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.component_groups
    ADD CONSTRAINT component_groups_name_key UNIQUE (name);

ALTER TABLE ONLY public.component_groups
    ADD CONSTRAINT component_groups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.component_statuses
    ADD CONSTRAINT component_statuses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.components
    ADD CONSTRAINT components_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.components
    ADD CONSTRAINT components_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor, key);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (name, subject, due_at);

ALTER TABLE ONLY public.operators
    ADD CONSTRAINT operators_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pending_sign_ins
    ADD CONSTRAINT pending_sign_ins_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (operator_id, code_hash);

ALTER TABLE ONLY public.refusal_writers
    ADD CONSTRAINT refusal_writers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.replicas
    ADD CONSTRAINT replicas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.series
    ADD CONSTRAINT series_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_id_key UNIQUE (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.sign_in_links
    ADD CONSTRAINT sign_in_links_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.sign_in_networks
    ADD CONSTRAINT sign_in_networks_pkey PRIMARY KEY (operator_id, network);

ALTER TABLE ONLY public.state_version
    ADD CONSTRAINT state_version_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.templates
    ADD CONSTRAINT templates_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.templates
    ADD CONSTRAINT templates_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_name_key UNIQUE (name);

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.updates
    ADD CONSTRAINT updates_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.window_clients
    ADD CONSTRAINT window_clients_pkey PRIMARY KEY (window_id, client);

ALTER TABLE ONLY public.window_components
    ADD CONSTRAINT window_components_pkey PRIMARY KEY (window_id, component_id);

ALTER TABLE ONLY public.window_effects
    ADD CONSTRAINT window_effects_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.windows
    ADD CONSTRAINT window_occurs_once UNIQUE (series_id, occurs_on);

ALTER TABLE ONLY public.window_refusals
    ADD CONSTRAINT window_refusals_pkey PRIMARY KEY (window_id);

ALTER TABLE ONLY public.windows
    ADD CONSTRAINT windows_pkey PRIMARY KEY (id);

CREATE INDEX audit_by_subject ON public.audit USING btree (subject, subject_id, id DESC);

CREATE INDEX audit_by_time ON public.audit USING btree (at);

CREATE INDEX bypass_links_by_time ON public.bypass_links USING btree (created_at DESC, id DESC);

CREATE INDEX component_statuses_by_time ON public.component_statuses USING btree (component_id, since DESC, id DESC);

CREATE INDEX idempotency_keys_by_time ON public.idempotency_keys USING btree (at);

CREATE INDEX jobs_by_time ON public.jobs USING btree (claimed_at);

CREATE UNIQUE INDEX operators_by_email ON public.operators USING btree (lower(email));

CREATE INDEX pending_sign_ins_by_operator ON public.pending_sign_ins USING btree (operator_id);

CREATE INDEX refusal_writers_by_time ON public.refusal_writers USING btree (written_at);

CREATE INDEX replicas_by_host ON public.replicas USING btree (host);

CREATE INDEX series_by_age ON public.series USING btree (created_at DESC, id DESC);

CREATE INDEX sessions_by_operator ON public.sessions USING btree (operator_id);

CREATE INDEX updates_by_window ON public.updates USING btree (window_id, created_at DESC);

CREATE INDEX window_components_by_component ON public.window_components USING btree (component_id);

CREATE INDEX window_effects_by_component ON public.window_effects USING btree (component_id);

CREATE INDEX window_effects_by_window ON public.window_effects USING btree (window_id, component_id, id DESC);

CREATE INDEX windows_by_end ON public.windows USING btree (ended_at DESC) WHERE (ended_at IS NOT NULL);

CREATE INDEX windows_by_start ON public.windows USING btree (starts_at DESC, id DESC);

CREATE INDEX windows_not_over ON public.windows USING btree (scheduled_until) WHERE ((ended_at IS NULL) AND (cancelled_at IS NULL));

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE ON public.authenticator_key FOR EACH ROW WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_by_hand('authenticator_key', 'only_row', 'created', '', 'deleted');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE OF operator_id, secret, confirmed_at ON public.authenticators FOR EACH ROW WHEN (((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text) AND (pg_trigger_depth() = 0))) EXECUTE FUNCTION public.audit_by_hand('authenticator', 'operator_id', 'added', '', 'deleted');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE ON public.bypass_key FOR EACH ROW WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_by_hand('bypass_key', 'only_row', 'created', '', 'deleted');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE OF id, name, expires_at, created_by, revoked_at ON public.bypass_links FOR EACH ROW WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_by_hand('bypass_link', 'id', 'created', '', 'deleted');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE ON public.component_groups FOR EACH ROW WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_by_hand('group', 'id', 'added', '', 'removed');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE ON public.components FOR EACH ROW WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_by_hand('component', 'slug', 'added', '', 'deleted');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE OF id, email, role, password_hash, disabled_at ON public.operators FOR EACH ROW WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_by_hand('operator', 'email', 'added', '', 'deleted');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE ON public.series FOR EACH ROW WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_by_hand('series', 'id', 'scheduled', '', 'deleted');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE ON public.templates FOR EACH ROW WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_by_hand('template', 'slug', 'added', '', 'removed');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE OF id, name, token_hash, scope, expires_at, created_by, revoked_at ON public.tokens FOR EACH ROW WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_by_hand('token', 'name', 'created', '', 'deleted');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE ON public.updates FOR EACH ROW WHEN (((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text) AND (pg_trigger_depth() = 0))) EXECUTE FUNCTION public.audit_by_hand('window', 'window_id', 'posted', 'post_', 'deleted');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE ON public.window_components FOR EACH ROW WHEN (((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text) AND (pg_trigger_depth() = 0))) EXECUTE FUNCTION public.audit_by_hand('window', 'window_id', 'component_added', 'component_', 'deleted');

CREATE TRIGGER audited_by_hand AFTER INSERT OR DELETE OR UPDATE ON public.windows FOR EACH ROW WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_by_hand('window', 'id', 'started', '', 'deleted');

CREATE TRIGGER bypass_key_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.bypass_key FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER bypass_key_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.bypass_key FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER bypass_links_bump AFTER INSERT OR DELETE OR UPDATE OF id, name, expires_at, revoked_at OR TRUNCATE ON public.bypass_links FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER bypass_links_queue BEFORE INSERT OR DELETE OR UPDATE OF id, name, expires_at, revoked_at OR TRUNCATE ON public.bypass_links FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER component_groups_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.component_groups FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER component_groups_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.component_groups FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER component_groups_row_version BEFORE UPDATE ON public.component_groups FOR EACH ROW WHEN ((old."position" = new."position")) EXECUTE FUNCTION public.bump_row_version();

CREATE TRIGGER component_statuses_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.component_statuses FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER components_are_kept BEFORE DELETE ON public.components FOR EACH ROW EXECUTE FUNCTION public.refuse_component_delete();

CREATE TRIGGER components_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.components FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER components_note_first_status AFTER INSERT ON public.components FOR EACH ROW EXECUTE FUNCTION public.note_component_status();

CREATE TRIGGER components_note_status AFTER UPDATE ON public.components FOR EACH ROW WHEN ((
        CASE
            WHEN (old.removed_at IS NULL) THEN old.status
            ELSE NULL::public.component_status
        END IS DISTINCT FROM
        CASE
            WHEN (new.removed_at IS NULL) THEN new.status
            ELSE NULL::public.component_status
        END)) EXECUTE FUNCTION public.note_component_status();

CREATE TRIGGER components_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.components FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER components_row_version BEFORE UPDATE ON public.components FOR EACH ROW WHEN (((old."position" = new."position") OR (old.group_id IS DISTINCT FROM new.group_id) OR (old.removed_at IS DISTINCT FROM new.removed_at))) EXECUTE FUNCTION public.bump_row_version();

CREATE TRIGGER operators_row_version BEFORE UPDATE OF email, role, password_hash, disabled_at ON public.operators FOR EACH ROW EXECUTE FUNCTION public.bump_row_version();

CREATE TRIGGER series_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.series FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER series_ended AFTER UPDATE OF ended_at ON public.series FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL))) EXECUTE FUNCTION public.cancel_windows_of_series();

CREATE TRIGGER series_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.series FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER series_row_version BEFORE UPDATE OF rule, time_zone, first_start, excluded_dates, draft, ended_at ON public.series FOR EACH ROW EXECUTE FUNCTION public.bump_row_version();

CREATE TRIGGER templates_row_version BEFORE UPDATE ON public.templates FOR EACH ROW EXECUTE FUNCTION public.bump_row_version();

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.authenticator_key FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('authenticator_key');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.authenticators FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('authenticator');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.bypass_key FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('bypass_key');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.bypass_links FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('bypass_link');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.component_groups FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('group');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.components FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('component');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.operators FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('operator');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.series FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('series');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.templates FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('template');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.tokens FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('token');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.updates FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('window');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.window_components FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('window');

CREATE TRIGGER truncation_audited_by_hand BEFORE TRUNCATE ON public.windows FOR EACH STATEMENT WHEN ((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_truncate_by_hand('window');

CREATE TRIGGER updates_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.updates FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER updates_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.updates FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER window_components_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.window_components FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER window_components_note_effect AFTER INSERT OR DELETE OR UPDATE ON public.window_components FOR EACH ROW EXECUTE FUNCTION public.note_window_effect();

CREATE TRIGGER window_components_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.window_components FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER window_components_touch_at_delete AFTER DELETE ON public.window_components REFERENCING OLD TABLE AS touched FOR EACH STATEMENT WHEN (((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text) AND (pg_trigger_depth() = 0))) EXECUTE FUNCTION public.touch_windows();

CREATE TRIGGER window_components_touch_at_insert AFTER INSERT ON public.window_components REFERENCING NEW TABLE AS touched FOR EACH STATEMENT WHEN (((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text) AND (pg_trigger_depth() = 0))) EXECUTE FUNCTION public.touch_windows();

CREATE TRIGGER window_components_touch_at_update AFTER UPDATE ON public.window_components REFERENCING NEW TABLE AS touched FOR EACH STATEMENT WHEN (((COALESCE(current_setting('gateway.writer'::text, true), ''::text) = ''::text) AND (pg_trigger_depth() = 0))) EXECUTE FUNCTION public.touch_windows();

CREATE TRIGGER windows_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.windows FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER windows_fill BEFORE INSERT OR UPDATE ON public.windows FOR EACH ROW EXECUTE FUNCTION public.fill_window();

CREATE TRIGGER windows_first_estimate BEFORE INSERT OR UPDATE ON public.windows FOR EACH ROW EXECUTE FUNCTION public.keep_first_estimate();

CREATE TRIGGER windows_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.windows FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER windows_row_version BEFORE UPDATE ON public.windows FOR EACH ROW EXECUTE FUNCTION public.bump_row_version();

ALTER TABLE ONLY public.authenticators
    ADD CONSTRAINT authenticators_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.component_statuses
    ADD CONSTRAINT component_statuses_component_id_fkey FOREIGN KEY (component_id) REFERENCES public.components(id);

ALTER TABLE ONLY public.components
    ADD CONSTRAINT components_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.component_groups(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.pending_sign_ins
    ADD CONSTRAINT pending_sign_ins_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sign_in_links
    ADD CONSTRAINT sign_in_links_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sign_in_networks
    ADD CONSTRAINT sign_in_networks_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.updates
    ADD CONSTRAINT updates_window_id_fkey FOREIGN KEY (window_id) REFERENCES public.windows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.window_clients
    ADD CONSTRAINT window_clients_window_id_fkey FOREIGN KEY (window_id) REFERENCES public.windows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.window_components
    ADD CONSTRAINT window_components_component_id_fkey FOREIGN KEY (component_id) REFERENCES public.components(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.window_components
    ADD CONSTRAINT window_components_window_id_fkey FOREIGN KEY (window_id) REFERENCES public.windows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.window_effects
    ADD CONSTRAINT window_effects_component_id_fkey FOREIGN KEY (component_id) REFERENCES public.components(id);

ALTER TABLE ONLY public.window_effects
    ADD CONSTRAINT window_effects_window_id_fkey FOREIGN KEY (window_id) REFERENCES public.windows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.window_refusals
    ADD CONSTRAINT window_refusals_window_id_fkey FOREIGN KEY (window_id) REFERENCES public.windows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.windows
    ADD CONSTRAINT windows_series_id_fkey FOREIGN KEY (series_id) REFERENCES public.series(id);
