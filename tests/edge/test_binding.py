"""Sockets that listen: made once, kept while their address stays, closed again where one of many can't be had."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.config.settings import Server
from gateway.edge.listening import ListenError, bind


def settings(*listen: str, internal: str = "") -> Server:
    return Server(listen=listen, internal_listen=internal)


def test_addresses_that_stay_keep_their_sockets() -> None:
    """Also where one becomes another setting's; a new one is bound."""
    first, second = bind(settings("127.0.0.1:0", internal="[::1]:0"))
    assert (first.is_internal, second.is_internal) == (False, True)
    third, fourth, fifth = bind(settings("[::1]:0", "localhost:0", internal="127.0.0.1:0"), [first, second])
    assert (third.sockets, fifth.sockets) == (second.sockets, first.sockets)
    assert (third.is_internal, fifth.is_internal) == (False, True)
    for binding in (first, second, fourth):
        binding.close()


def test_a_taken_address_leaves_nothing_behind(free_port: Callable[[], int]) -> None:
    """What was bound for it is closed, what was there before stays."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        [kept] = bind(settings("127.0.0.1:0"))
        free = f"127.0.0.1:{free_port()}"
        with pytest.raises(ListenError, match=rf"can't listen on {taken}: .*; end what uses it, or set server.listen"):
            bind(settings("127.0.0.1:0", free, taken), [kept])
        assert kept.sockets[0].fileno() >= 0
        [again] = bind(settings(free))
        again.close()
        kept.close()


def test_a_unix_socket_that_answers_is_not_taken_over(tmp_path: Path) -> None:
    """Two gateways on one path would be one too many."""
    address = f"unix:{tmp_path}/gateway.socket"
    [first] = bind(settings(address))
    with pytest.raises(ListenError, match="already in use"):
        bind(settings(address))
    first.close()
    [second] = bind(settings(address))
    second.close()
