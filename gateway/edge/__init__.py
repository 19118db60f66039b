"""The front door: one asyncio protocol per connection, no task, no future and no timer per request.

A *downstream* is a client's connection, an *upstream* one to the application (or, in memory, to the built-in site).
An *exchange* is one request and its response between the two. After 101 a *tunnel* takes their place. The *front* is
what all of them share; one *sweep* of it looks after every deadline.
"""
