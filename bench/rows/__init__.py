"""The rows: what is measured of every peer, and what the gateway is to reach."""

from bench.rows.bodies import Download, Upload
from bench.rows.latency import Latency
from bench.rows.process import Memory, Start
from bench.rows.requests import Forwarding, GatedPage, Varied
from bench.rows.row import Row

__all__ = ["ROWS", "Row"]

ROWS: tuple[type[Row], ...] = (Forwarding, Varied, GatedPage, Download, Upload, Latency, Memory, Start)
