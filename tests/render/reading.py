"""Reading HTML as strictly as a validator would: nesting, ids, labels; and what a page would load."""

from html.parser import HTMLParser

_INLINE = frozenset({"a", "strong", "em", "code", "time"})
_VOID = frozenset({"meta", "link", "br", "hr", "input", "img", "path", "circle", "rect"})


class Page(HTMLParser):
    """A parsed page. Wrong nesting, ids used twice, and labels or descriptions without a target are errors."""

    def __init__(self, html: str | bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html.decode() if isinstance(html, bytes) else html
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        self.feed(self.html)
        self.close()
        assert self._open == [], f"never closed: {self._open}"
        self._check_references()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        if tag == "p" or tag in {"div", "ul", "ol", "dl", "table", "section", "form"}:
            assert "p" not in self._open, f"<{tag}> inside <p>"
        self._break(tag)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open, f"</{tag}> without a beginning"
            assert self._open.pop() == tag, f"</{tag}> closes something else, at {self.getpos()}"
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & {*self._open}:
            self._texts.append(data)

    def _break(self, tag: str) -> None:
        if tag not in _INLINE:
            self._texts.append(" ")

    @property
    def text(self) -> str:
        """What a reader reads, with single spaces."""
        return " ".join("".join(self._texts).split())

    def of(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def headings(self) -> list[int]:
        """Return the levels of the headings, in order."""
        return [int(tag[1]) for tag, _ in self.elements if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}]

    def loads(self) -> list[str]:
        """Return every address that a browser would fetch by itself."""
        found = [a["href"] for a in self.of("link")] + [a["src"] for _, a in self.elements if "src" in a]
        return [address for address in found if not address.startswith("data:")]

    def _check_references(self) -> None:
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        assert len(ids) == len(set(ids)), f"an id stands twice: {sorted(ids)}"
        for tag, attributes in self.elements:
            for name in ("for", "aria-labelledby", "aria-describedby"):
                for target in attributes.get(name, "").split():
                    assert target in ids, f'<{tag} {name}="{target}"> points nowhere'
