"""git works with a server behind the gateway: nginx, fcgiwrap and git's own `git http-backend`."""

import os
import pwd
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.realworld.conftest import GatewayBefore, Start
from tests.realworld.programs import User, needs, program
from tests.story.processes import Gateway, Program, eventually

pytestmark = [pytest.mark.realworld, needs("git", "nginx", "fcgiwrap")]

MEGABYTE = 1_000_000
COMMITS = 50

# As the manual page of git-http-backend has it; bodies are streamed both ways, so that nginx does not hide the gateway.
NGINX = """
{user}
daemon off; worker_processes 1; pid nginx.pid; error_log stderr notice;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path spool; proxy_temp_path spool; fastcgi_temp_path spool; uwsgi_temp_path spool;
    scgi_temp_path spool;
    log_format bodies '$request_method $uri $status [$http_transfer_encoding] [$http_content_encoding] $request_length';
    access_log /dev/stdout bodies;
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 0;
        location / {{
            fastcgi_pass unix:{directory}/cgi.sock;
            fastcgi_request_buffering off;
            fastcgi_buffering off;
            fastcgi_param SCRIPT_FILENAME {backend};
            fastcgi_param GIT_PROJECT_ROOT {directory};
            fastcgi_param GIT_HTTP_EXPORT_ALL "";
            fastcgi_param PATH_INFO $uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param REMOTE_USER committer;
        }}
    }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Host:
    """Where the bare repositories are, and the gateway in front of them."""

    directory: Path
    nginx: Program
    gateway: Gateway

    def asked(self, request: str) -> re.Match[str]:
        """Wait until nginx has logged a request."""
        return self.nginx.out.wait_for(request)

    def served(self, request: str, *, at_least: int = 0) -> bool:
        """Wait until the gateway has logged a request with 200 and so many bytes of an answer."""
        line = re.compile(rf'"{request}" 200 (\d+) [\d.]+ms forward ')
        return eventually(lambda: any(int(sent) >= at_least for sent in line.findall(self.gateway.out.text)))


@pytest.fixture(scope="module")
def host(
    start: Start,
    gateway_before: GatewayBefore,
    free_port: Callable[[], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Host:
    directory = tmp_path_factory.mktemp("repositories")
    port = free_port()
    configuration = NGINX.format(
        # As root, its worker would become www-data, who may not read the directory.
        user=f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else "",
        port=port,
        directory=directory,
        backend=Path(User(directory).run("git", "--exec-path").strip(), "git-http-backend"),
    )
    (directory / "nginx.conf").write_text(configuration)
    start("fcgiwrap", [program("fcgiwrap"), "-f", "-s", f"unix:{directory}/cgi.sock"], directory=directory)
    eventually((directory / "cgi.sock").exists)
    command = [program("nginx"), "-e", "stderr", "-p", str(directory), "-c", str(directory / "nginx.conf")]
    server = start("nginx", command, directory=directory)
    server.err.wait_for("start worker process")
    return Host(directory=directory, nginx=server, gateway=gateway_before(f"http://127.0.0.1:{port}"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of 50 MB that no compression makes smaller: each commit adds a file and has a tag."""
    directory = tmp_path_factory.mktemp("history")
    history = directory / "history"
    with history.open("wb") as file:
        for number in range(COMMITS):
            date = 1_700_000_000 + number
            file.write(b"commit refs/heads/main\ncommitter A <a@shop.example> %d +0000\ndata 4\nmore\n" % date)
            file.write(b"M 100644 inline %d.bin\ndata %d\n%b\n" % (number, MEGABYTE, os.urandom(MEGABYTE)))
            file.write(b"reset refs/tags/v%d\nfrom refs/heads/main\n\n" % number)
    user = User(directory)
    user.run("git", "init", "--quiet", "--initial-branch=main", "made")
    # It would be compressed in vain.
    user.run("sh", "-c", "git -C made -c core.compression=0 fast-import --quiet --max-pack-size=1g <history")
    history.unlink()
    return directory / "made"


def head(user: User, repository: Path) -> str:
    return user.run("git", "-C", repository, "rev-parse", "refs/heads/main").strip()


def is_sound(user: User, repository: Path) -> bool:
    """Have git read every object and check its hash; it says nothing where all is well."""
    return not user.run("git", "-C", repository, "fsck", "--full", "--strict", "--no-progress", "--no-dangling")


def test_a_clone_of_50_mb_is_the_repository(host: Host, repository: Path, user: User) -> None:
    """The same head, every object whole, every file there; git's packed request (gzip) reaches the server as it is."""
    user.run("git", "clone", "--quiet", "--bare", "--no-hardlinks", repository, host.directory / "shop.git")
    user.run("git", "clone", "--quiet", f"{host.gateway.url}/shop.git")
    clone = user.home / "shop"
    assert head(user, clone) == head(user, repository)
    assert is_sound(user, clone)
    assert user.run("git", "-C", clone, "status", "--porcelain") == ""
    assert len(list(clone.glob("*.bin"))) == COMMITS
    assert user.run("git", "-C", clone, "tag", "--list").count("\n") == COMMITS
    assert host.asked(r"^POST /shop\.git/git-upload-pack 200 \[-?\] \[gzip\] ")
    assert host.served(r"POST /shop\.git/git-upload-pack", at_least=COMMITS * MEGABYTE)


def test_a_push_of_50_mb_arrives(host: Host, repository: Path, user: User) -> None:
    """Its length is not known when it begins: git sends it in chunks, and the server has every object of it."""
    bare = host.directory / "new.git"
    user.run("git", "init", "--quiet", "--bare", "--initial-branch=main", bare)
    user.run("git", "-C", repository, "push", "--quiet", f"{host.gateway.url}/new.git", "main", "--tags")
    assert head(user, bare) == head(user, repository)
    assert is_sound(user, bare)
    pushed = host.asked(r"^POST /new\.git/git-receive-pack 200 \[chunked\] \[-?\] (\d+)$")
    assert int(pushed[1]) > COMMITS * MEGABYTE
    assert host.served(r"POST /new\.git/git-receive-pack")


def test_two_people_share_their_commits(host: Host, user: User) -> None:
    """What one pushes the other pulls; a push that is behind is refused by the server, and git says so."""
    bare, url = host.directory / "team.git", f"{host.gateway.url}/team.git"
    user.run("git", "init", "--quiet", "--bare", "--initial-branch=main", bare)
    commit = ("-c", "user.name=A", "-c", "user.email=a@shop.example", "commit", "--quiet", "--allow-empty", "-m")
    for name in ("one", "two"):
        user.run("git", "clone", "--quiet", url, name)
        user.run("git", "-C", name, *commit, f"by {name}")
    user.run("git", "-C", "one", "push", "--quiet", "origin", "main")
    with pytest.raises(AssertionError, match=r"\[rejected\] +main -> main \(fetch first\)"):
        user.run("git", "-C", "two", "push", "origin", "main")
    user.run("git", "-C", "two", "fetch", "--quiet")
    user.run("git", "-C", "two", "-c", "user.name=A", "-c", "user.email=a@shop.example", "rebase", "origin/main")
    user.run("git", "-C", "two", "push", "--quiet", "origin", "main")
    assert user.run("git", "-C", bare, "log", "--format=%s", "main").split("\n") == ["by two", "by one", ""]
    user.run("git", "-C", "one", "pull", "--quiet", "--ff-only")
    assert head(user, user.home / "one") == head(user, user.home / "two") == head(user, bare)
