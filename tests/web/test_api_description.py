"""The description that the API serves."""

from gateway.web.api import OPERATIONS
from gateway.web.api.openapi import description


def test_each_schema_has_a_name_for_people() -> None:
    """Two models of one name would be told apart by the modules they are in: `gateway__web__api__...`."""
    names = description("/api/v1", OPERATIONS)["components"]["schemas"]
    assert len(names) > 100
    assert [name for name in names if "__" in name] == []
