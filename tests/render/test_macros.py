"""Macros of the templates: one place for each piece."""

from collections import Counter

from jinja2 import nodes

from gateway.render.environment import environment_of
from gateway.resources import templates_directory


def test_no_macro_is_defined_twice() -> None:
    """Neither in one template, where the second silently replaces the first, nor under the same name in two."""
    environment = environment_of()
    defined = Counter(
        macro.name
        for path in templates_directory().rglob("*.html")
        for macro in environment.parse(path.read_text()).find_all(nodes.Macro)
    )
    assert defined
    assert [name for name, times in defined.items() if times > 1] == []
