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
        self.languages: list[tuple[str, str]] = []
        """Each text, with the tag of the language that it is said to be in."""
        self._open: list[str] = []
        self._spoken: list[str] = [""]
        self._texts: list[str] = []
        self._forms: list[dict[str, str]] = []
        self._field = ""
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
        self._note_field(tag, self.elements[-1][1])
        if tag not in _VOID:
            self._open.append(tag)
            self._spoken.append(self.elements[-1][1].get("lang", self._spoken[-1]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open, f"</{tag}> without a beginning"
            assert self._open.pop() == tag, f"</{tag}> closes something else, at {self.getpos()}"
            self._spoken.pop()
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & {*self._open}:
            self._texts.append(data)
            if data.strip():
                self.languages.append((data.strip(), self._spoken[-1]))
        if self._open[-1:] == ["textarea"]:
            self._forms[-1][self._field] += data

    def _note_field(self, tag: str, attributes: dict[str, str]) -> None:
        """Note what a form would send; its buttons are not pressed yet."""
        if tag == "form":
            self._forms.append({})
        if tag in {"textarea", "select"} or (tag == "input" and "name" in attributes):
            self._field = attributes["name"]
            if attributes.get("type") != "checkbox" or "checked" in attributes:
                self._forms[-1][self._field] = attributes.get("value", "")
        is_first = tag == "option" and self._options_seen() == 1
        if tag == "option" and (is_first or "selected" in attributes):
            self._forms[-1][self._field] = attributes["value"]

    def _options_seen(self) -> int:
        tags = [tag for tag, _ in self.elements]
        return tags[::-1].index("select")

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

    def sent(self, action: str) -> dict[str, str]:
        """Return what a browser sends from the form whose action ends so, when nothing was typed."""
        forms = zip(self.of("form"), self._forms, strict=True)
        (fields,) = [fields for form, fields in forms if form.get("action", "").endswith(action)]
        return {name: value.removeprefix("\n") for name, value in fields.items()}

    def headings(self) -> list[int]:
        """Return the levels of the headings, in order."""
        return [int(tag[1]) for tag, _ in self.elements if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}]

    def loads(self) -> list[str]:
        """Return every address that a browser would fetch by itself."""
        found = [a["href"] for a in self.of("link") if a["rel"] != "alternate"] + [
            a["src"] for _, a in self.elements if "src" in a
        ]
        return [address for address in found if not address.startswith("data:")]

    def _check_references(self) -> None:
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        assert len(ids) == len(set(ids)), f"an id stands twice: {sorted(ids)}"
        for tag, attributes in self.elements:
            for name in ("for", "aria-labelledby", "aria-describedby"):
                for target in attributes.get(name, "").split():
                    assert target in ids, f'<{tag} {name}="{target}"> points nowhere'
