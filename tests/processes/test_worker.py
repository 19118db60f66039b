"""What a worker hears before it serves is not lost."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.config.settings import Database, Maintenance, Server, Settings
from gateway.edge.listening import bind
from gateway.processes.channel import Channel, Word
from gateway.processes.worker import work


def test_words_that_come_early_are_obeyed_once_it_serves(
    database_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is told to give notice and to retire before it has started: it does."""
    settings = Settings(
        server=Server(listen=("127.0.0.1:0",), internal_listen="", shutdown_grace="0.1s"),
        database=Database(url=SecretStr(database_url)),
        maintenance=Maintenance(snapshot_file=tmp_path / "snapshot.json"),
    )
    bindings = bind(settings.server)
    ours, theirs = Channel.pair()
    for word in (Word.NOTICE, Word.RETIRE):
        ours.say(word)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = work(settings, number=1, bindings=bindings, channel=theirs, log_turn=os.memfd_create("access log"))
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert [word for word, _ in ours.heard()] == [Word.READY]
    for binding in bindings:
        binding.close()
    ours.close()
    theirs.close()
    assert "Retiring" in capfd.readouterr().out
