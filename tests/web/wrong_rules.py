"""Wrong calls that no schema can tell from right ones, and what is said of each."""

from typing import Any

from tests.web.caller import NO_WINDOW

WEEKLY = {"rule": "FREQ=WEEKLY", "time_zone": "UTC"}
SERIES = {"title": "x", "starts_at": "2100-01-03T02:00:00Z", "recurrence": WEEKLY}
LINK, TOKEN = {"name": "x"}, {"name": "x", "scope": "read"}
UPDATE = {"slug": "x", "name": "x", "update": {"status": "resolved", "body": "x"}}


def window(**fields: Any) -> Any:
    """Make the body of a new window."""
    return {"title": "x"} | fields


# What a schema can't tell: method, path, body, the wrong field, and what is said of it.
RULES: list[tuple[str, str, Any, str, str]] = [
    # Texts.
    ("POST", "/windows", window(title="a\0b"), "title", "contains a NUL character: leave it out"),
    (
        "POST",
        "/components",
        {"slug": "A b", "name": "x"},
        "slug",
        "'A b' is not a short name: small letters, digits and single hyphens",
    ),
    (
        "POST",
        "/operators",
        {"email": "ada", "role": "viewer"},
        "email",
        "'ada' is not an e-mail address such as ada@example.com",
    ),
    (
        "POST",
        "/windows",
        window(translations={"tlh": {"title": "x"}}),
        "translations.tlh",
        "is no language of the pages: write one of en, de, fr,",
    ),
    (
        "PATCH",
        f"/series/{NO_WINDOW}",
        {"window": {"translations": {"DE": {"title": "x"}}}},
        "window.translations.DE",
        "is no language of the pages: write one of en, de, fr,",
    ),
    (
        "POST",
        "/windows/{active}/updates",
        {"status": "resolved", "body": "x", "translations": {"de_DE": "x"}},
        "translations.de_DE",
        "is no language of the pages: write one of en, de, fr,",
    ),
    # Times.
    (
        "GET",
        "/windows?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z",
        None,
        "until",
        "must lie after since: exchange the two, or leave one out",
    ),
    ("POST", "/windows", window(starts_at=7), "starts_at", "7 is not an instant such as 2026-12-01T22:00:00Z"),
    (
        "POST",
        "/windows",
        window(starts_at="1999-12-31T00:00:00Z"),
        "starts_at",
        "must lie between the years 2000 and 2200",
    ),
    (
        "POST",
        "/windows",
        window(estimated_duration=30),
        "estimated_duration",
        "30 is not a duration: write for example 90s, 30m, 1h30m, 2d or PT45M",
    ),
    (
        "POST",
        "/windows",
        window(estimated_duration="0s"),
        "estimated_duration",
        "must be longer than nothing, ten years at most",
    ),
    ("POST", "/windows", window(reopen_over="366d"), "reopen_over", "must lie between nothing and a year"),
    ("POST", "/windows", window(reopen_over="25h"), "reopen_over", "must lie"),
    ("POST", "/bypass-links", LINK | {"expires_in": "31d"}, "expires_in", "must lie between one minute and 30 days"),
    (
        "POST",
        "/tokens",
        TOKEN | {"expires_in": "1s"},
        "expires_in",
        "must lie between one minute and ten years, or never (null)",
    ),
    (
        "PATCH",
        "/windows/{active}",
        {"starts_at": "2100-01-01T00:00:00Z"},
        "starts_at",
        "has started already: it can't start in the future",
    ),
    # What a window is about.
    (
        "POST",
        "/windows",
        window(scope={"hosts": ["x:80"]}),
        "scope.hosts.0",
        "'x:80' is not a host: write \"shop.example.com\"",
    ),
    (
        "POST",
        "/windows",
        window(scope={"paths": ["/a*"]}),
        "scope.paths.0",
        "'/a*': there is no * in paths; \"/checkout\"",
    ),
    (
        "POST",
        "/windows",
        window(scope={"paths": ["a"]}),
        "scope.paths.0",
        "'a' is not a path such as \"/checkout\": it starts with /",
    ),
    (
        "POST",
        "/windows",
        window(scope={"excluded_paths": ["/"]}),
        "scope.excluded_paths.0",
        "would leave out every request",
    ),
    (
        "POST",
        "/windows",
        window(scope={"excluded_paths": ["/a;b"]}),
        "scope.excluded_paths.0",
        "can't be left out: servers read //",
    ),
    (
        "POST",
        "/windows",
        window(scope={"paths": ["/a", "/c/d"], "excluded_paths": ["/b", "/a/x", "/c"]}),
        "scope.excluded_paths",
        "/b leaves out nothing: it is not below any of paths (/a, /c/d); /c would leave out all of /c/d, which",
    ),
    (
        "POST",
        "/windows",
        window(components=[{"slug": "x"}, {"slug": "y"}, {"slug": "x"}, {"slug": "y"}]),
        "components",
        'names "x", "y" more than once: give each component one status',
    ),
    (
        "POST",
        "/windows",
        window(components=[{"slug": "x"}, {"slug": "no"}]),
        "components.1.slug",
        'there is no component "no"; `gateway component list` shows them',
    ),
    # Series.
    (
        "POST",
        "/windows",
        window(recurrence=WEEKLY, starts_at=None),
        "recurrence",
        "needs starts_at: the start of the first occurrence",
    ),
    (
        "POST",
        "/windows",
        SERIES | {"recurrence": WEEKLY | {"excluded_dates": ["7"]}},
        "recurrence.excluded_dates.0",
        "'7' is not a date: write for example 2026-12-27",
    ),
    (
        "POST",
        "/windows",
        SERIES | {"recurrence": WEEKLY | {"excluded_dates": ["2100-02-30"]}},
        "recurrence.excluded_dates.0",
        "'2100-02-30' is not a date: write for example 2026-12-27",
    ),
    (
        "POST",
        "/windows",
        SERIES | {"recurrence": WEEKLY | {"excluded_dates": ["2100-01-04"]}},
        "recurrence.excluded_dates",
        "nothing occurs on Mon 2100-01-04 by the rule: leave that out, or correct it",
    ),
    (
        "POST",
        "/windows",
        SERIES | {"recurrence": {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "time_zone": "UTC"}},
        "recurrence.rule",
        "names no time at or after the first start: correct it, or starts_at",
    ),
    ("POST", "/windows", SERIES | {"estimated_duration": "8d"}, "estimated_duration", "would overlap"),
    (
        "POST",
        "/windows",
        SERIES | {"starts_at": "2020-01-05T02:00:00Z"},
        "starts_at",
        "lies in the past, and a series begins with what is to come",
    ),
    (
        "PATCH",
        f"/series/{NO_WINDOW}",
        {"window": {"starts_at": "x"}},
        "window.starts_at",
        "is a field of the series itself: send it beside window",
    ),
    (
        "PATCH",
        f"/series/{NO_WINDOW}",
        {"window": {"fixed": True}},
        "window.fixed",
        "is a field of one window alone: leave it out, or change that window",
    ),
    # Previews.
    (
        "POST",
        "/preview",
        {"url": "x"},
        "url",
        "'x' is not a URL: write for example \"https://shop.example.com/checkout\"",
    ),
    ("POST", "/preview", {"url": f"http://\u0130{'x' * 80}/"}, "url", "names no host: write for example"),
    ("POST", "/preview", {"url": "http://a..b/"}, "url", "is answered with 400 whatever windows there are"),
    ("POST", "/preview", {"url": "/", "method": "get"}, "method", "'get' is not a method, in capital letters: GET"),
    (
        "POST",
        "/preview",
        {"url": "/", "method": "CONNECT"},
        "method",
        "is answered with 405 whatever windows there are",
    ),
    ("POST", "/preview", {"url": "/", "address": 7}, "address", "7 is not an address such as 192.0.2.1 or 2001:db8::1"),
    (
        "POST",
        "/preview",
        {"url": "/", "at": "2020-01-01T00:00:00Z"},
        "at",
        "is in the past: leave it out to ask about now, or name a time to come",
    ),
    (
        "POST",
        "/preview",
        {"url": "/", "window": {}, "window_id": NO_WINDOW},
        "body",
        "window and window_id exclude each other: try a draft, or a window that exists",
    ),
    # Templates.
    (
        "POST",
        "/templates",
        UPDATE | {"window": {"title": "x"}},
        "body",
        'give either "window" or "update": what the template is for',
    ),
    (
        "POST",
        "/templates",
        UPDATE | {"update": {"status": "resolved", "body": "{{A}}"}},
        "update.body",
        "is no variable: write {{name}}",
    ),
    (
        "POST",
        "/windows",
        {"template": "none"},
        "template",
        'there is no template "none"; `gateway template list` shows them',
    ),
    ("POST", "/windows", {"template": "resolved"}, "template", '"resolved" is a template for updates, not for windows'),
    ("POST", "/windows", window(variables={"a": "b"}), "variables", "belong to a template: name it as `template`"),
    ("POST", "/templates/resolved/render", {"variables": {"a": "b"}}, "variables.a", "no such variable"),
    # Components and groups.
    (
        "POST",
        "/component-order",
        {"slugs": ["x", "no", "x"]},
        "slugs.1",
        'there is no component "no"; `gateway component list` shows them',
    ),
    (
        "POST",
        "/components/x/move",
        {"before": "x", "after": "x"},
        "before",
        "name one other component, either here or as `after`",
    ),
    ("POST", "/components/x/move", {"before": None}, "before", "must not be null: leave it out"),
    (
        "GET",
        "/components/x/history?since=2100-01-01T00:00:00Z",
        None,
        "since",
        "lies in the future: name a time that has been",
    ),
    # Calls.
    ("GET", "/windows?limit=2&limit=3", None, "limit", "is given twice: give it once"),
    (
        "GET",
        "/windows?cursor=x",
        None,
        "cursor",
        "is none of this list: send next_cursor of the page before, unchanged",
    ),
]
