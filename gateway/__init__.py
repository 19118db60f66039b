"""A maintenance gateway: a reverse proxy that answers with a status page while a maintenance window is active."""

__version__ = "0.1.0"
