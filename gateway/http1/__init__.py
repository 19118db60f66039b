"""HTTP/1.x as bytes: heads, bodies, what is forwarded of them. Pure: no sockets, no clock.

A *head* is everything up to the empty line. It is cut out by its end (CRLF CRLF) and read by llhttp (httptools), which
refuses what RFC 9112 calls invalid; what it lets pass is checked here. A *body* is read by its framing: a length,
chunks, or the end of the connection. `forward` makes the head that goes to the other side.
"""
