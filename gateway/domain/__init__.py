"""The pure floor: what windows, components and verdicts are.

Vocabulary. A *window* is an interval in which something is different for customers. Its *gate* is what it does to
traffic while it is active. A *snapshot* is all that is known of windows and components at one version; a *moment* is
a snapshot seen at one time, and holds until the next change. A *verdict* says what happens to one request.

Nothing here does I/O, reads a clock or knows asyncio: functions take `now`.
"""
