"""Browsers in words: what a User-Agent says, for people who look at where they are signed in."""

import ua_parser


def browser_name(user_agent: str) -> str:
    """Return such as "Firefox on Linux"; what it is not known by, it is not called."""
    said = ua_parser.parse(user_agent)
    browser = said.user_agent.family if said.user_agent else "An unknown browser"
    return f"{browser} on {said.os.family}" if said.os else browser
