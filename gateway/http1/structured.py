"""Values of structured fields (RFC 9651): text of any origin that can't leave its place in a head."""


def text_item(text: str) -> bytes:
    """Write a String where the text is printable ASCII, else a Display String (RFC 9651, sections 4.1.6 and 4.1.11)."""
    if text.isascii() and text.isprintable():
        return b'"%b"' % text.replace("\\", "\\\\").replace('"', '\\"').encode()
    # What is no Unicode text (a lone surrogate) has no UTF-8: it is replaced.
    octets = text.encode("utf-8", "replace")
    return b'%%"%b"' % b"".join(
        bytes((octet,)) if 0x20 <= octet < 0x7F and octet not in b'%"' else b"%%%02x" % octet  # noqa: PLR2004  DEL
        for octet in octets
    )


def date_item(seconds: int) -> bytes:
    """Write a Date, which is seconds since the epoch (section 4.1.10)."""
    return b"@%d" % seconds
