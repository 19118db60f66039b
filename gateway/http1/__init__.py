"""HTTP/1.x as bytes: heads, bodies, what is forwarded of them. Pure: no sockets, no clock.

A *head* is everything up to the empty line. It is cut out by its end (CRLF CRLF) and must match the grammar of RFC 9112
as a whole; what means something to a gateway is then found in it. A *body* is read by its framing: a length, chunks, or
the end of the connection. `forward` makes the head that goes to the other side: the same bytes, with lines cut out.
"""
