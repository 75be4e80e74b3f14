#!/usr/bin/env python3
"""Starts PostgreSQL and MariaDB of its own for tests, and stops them.

usage: servers.py run [--only NAME]… -- COMMAND…   run a command with the variables below, then stop
       servers.py start FOLDER [--only NAME]…      leave the servers running, their data in FOLDER
       servers.py stop FOLDER

NAME is `postgresql` or `mariadb`; without, both are started. The variables, which `start` prints:

    SQLFLOWC_TEST_POSTGRESQL                postgresql://USER:PASSWORD@127.0.0.1:PORT/DATABASE
    SQLFLOWC_TEST_POSTGRESQL_CERTIFICATE    a file, for its option sslrootcert
    SQLFLOWC_TEST_MARIADB                   mysql://USER:PASSWORD@127.0.0.1:PORT/DATABASE
    SQLFLOWC_TEST_MARIADB_OPTIONS           a file, for `mariadb --defaults-file=…`

Servers that are missing are installed from Debian's packages, which takes root. Each runs as a user
without rights, listens on the loopback address on a free port and takes TLS. What they keep would
not survive a power failure: nothing is flushed to the disk. Needs Python's standard library only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

USER = "sqlflowc"
# What has to be escaped in a URL, in SQL or in an option file is what goes wrong.
PASSWORD = "p@ss/w:rd%41"
DATABASE = "sqlflowc"
START_SECONDS = 120.0
STOP_SECONDS = 60.0


class ServerError(Exception):
    """A server that cannot be had, told in one message."""


class Server:
    """One server: a folder with its data, its log and its process's number."""

    name: str
    daemon: str
    packages: Sequence[str]
    account: str

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder / self.name
        self.port = port or free_port()
        self.log = self.folder / "log"
        self._pid_file = self.folder / "pid"
        self._process: subprocess.Popen[bytes] | None = None

    def program(self, name: str) -> Path | None:
        raise NotImplementedError

    def variables(self) -> dict[str, str]:
        raise NotImplementedError

    def _initialize(self) -> None:
        """Makes the data folder."""
        raise NotImplementedError

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def _set_up(self) -> None:
        """Makes the user and the database, on the server's first start."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts the server, on the data it had if there is some, and waits until it answers."""
        fresh = not self.folder.exists()
        if fresh:
            self.folder.mkdir(parents=True)
            make_certificate(self.folder)
            for path in [self.folder, *self.folder.iterdir()]:
                self._hand_over(path)
            self._initialize()
        user, group = self._account()
        with self.log.open("ab") as log:
            process = self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                # Interrupting a test must not stop the server under it.
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
            )
        self._pid_file.write_text(f"{process.pid}\n")
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > end:
                raise ServerError(f"{self.name} did not start:\n{tail(self.log)}")
            time.sleep(0.1)
        if fresh:
            self._set_up()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends the server that this folder belongs to, and no other, and waits until it is gone."""
        if not self._pid_file.exists():
            return
        pid = int(self._pid_file.read_text())
        if is_running(pid, self.folder):
            os.kill(pid, how)
            end = time.monotonic() + STOP_SECONDS
            while is_running(pid, self.folder):
                if time.monotonic() > end:
                    raise ServerError(
                        f"{self.name} (process {pid}) did not stop in {STOP_SECONDS:.0f} s"
                    )
                time.sleep(0.05)
        if self._process is not None:
            self._process.wait()
        self._pid_file.unlink()

    def restart(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.stop(how)
        self.start()

    def _account(self) -> tuple[int, int] | tuple[None, None]:
        """Returns user and group to start programs as; a user without rights keeps its own."""
        if os.geteuid() != 0:
            return None, None
        account = pwd.getpwnam(self.account)
        return account.pw_uid, account.pw_gid

    def _hand_over(self, path: Path) -> None:
        user, group = self._account()
        if user is not None and group is not None:
            os.chown(path, user, group)

    def _run(self, command: Sequence[str], text: str | None = None) -> str:
        user, group = self._account()
        done = subprocess.run(
            command,
            input=text,
            text=True,
            capture_output=True,
            cwd=self.folder,
            check=False,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
        if done.returncode != 0:
            raise ServerError(f"{' '.join(command)}:\n{done.stderr}{tail(self.log)}")
        return done.stdout

    def needed(self, name: str) -> str:
        found = self.program(name)
        if found is None:
            raise ServerError(f"no `{name}`, although {' and '.join(self.packages)} are installed")
        return str(found)


class PostgreSQL(Server):
    name = "postgresql"
    daemon = "postgres"
    packages = ("postgresql", "openssl")
    account = "postgres"

    def program(self, name: str) -> Path | None:
        # Debian keeps the servers of all versions off the path.
        versions = sorted(
            Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -float(folder.parent.name)
        )
        found = shutil.which(name, path=os.pathsep.join([*map(str, versions), os.environ["PATH"]]))
        return Path(found) if found else None

    def variables(self) -> dict[str, str]:
        login = f"{USER}:{quote(PASSWORD, safe='')}"
        return {
            "SQLFLOWC_TEST_POSTGRESQL": f"postgresql://{login}@127.0.0.1:{self.port}/{DATABASE}",
            "SQLFLOWC_TEST_POSTGRESQL_CERTIFICATE": str(self.folder / "certificate.pem"),
        }

    def _initialize(self) -> None:
        options = (
            "--pgdata=data --username=postgres --encoding=UTF8 --locale=C.UTF-8 "
            "--auth-local=trust --auth-host=scram-sha-256 --no-sync --no-instructions"
        )
        self._run([self.needed("initdb"), *options.split()])

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "max_connections": 60,
            "shared_buffers": "64MB",
            "ssl": "on",
            "ssl_cert_file": self.folder / "certificate.pem",
            "ssl_key_file": self.folder / "key.pem",
        }
        options = [f"-c{name}={value}" for name, value in settings.items()]
        return [self.needed(self.daemon), "-D", "data", *options]

    def _answers(self) -> bool:
        command = [self.needed("pg_isready"), "-q", "-h", str(self.folder), "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def _set_up(self) -> None:
        login = ["-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "postgres"]
        self._run(
            [self.needed("psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", *login],
            f"CREATE ROLE {USER} LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}';\n"
            f"CREATE DATABASE {DATABASE} OWNER {USER};\n",
        )


class MariaDB(Server):
    name = "mariadb"
    daemon = "mariadbd"
    packages = ("mariadb-server", "openssl")
    account = "mysql"

    def program(self, name: str) -> Path | None:
        found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
        return Path(found) if found else None

    def variables(self) -> dict[str, str]:
        login = f"{USER}:{quote(PASSWORD, safe='')}"
        return {
            "SQLFLOWC_TEST_MARIADB": f"mysql://{login}@127.0.0.1:{self.port}/{DATABASE}",
            "SQLFLOWC_TEST_MARIADB_OPTIONS": str(self.folder / "client.cnf"),
        }

    def _initialize(self) -> None:
        self._run(
            [
                self.needed("mariadb-install-db"),
                "--no-defaults",
                f"--datadir={self.folder}/data",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ]
        )

    def _command(self) -> list[str]:
        return [
            self.needed(self.daemon),
            "--no-defaults",
            f"--datadir={self.folder}/data",
            f"--socket={self.folder}/socket",
            f"--pid-file={self.folder}/server.pid",
            f"--tmpdir={self.folder}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=128M",
            f"--ssl-cert={self.folder}/certificate.pem",
            f"--ssl-key={self.folder}/key.pem",
        ]

    def _as_root(self) -> list[str]:
        return [self.needed("mariadb"), "--no-defaults", f"--socket={self.folder}/socket", "-uroot"]

    def _answers(self) -> bool:
        command = [*self._as_root(), "-e", "SELECT 1"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _set_up(self) -> None:
        self._run(
            self._as_root(),
            f"CREATE DATABASE {DATABASE};\n"
            f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO {USER}@'127.0.0.1' WITH GRANT OPTION;\n",
        )
        options = self.folder / "client.cnf"
        options.write_text(
            f"[client]\nprotocol=tcp\nhost=127.0.0.1\nport={self.port}\nuser={USER}\n"
            f'password="{PASSWORD}"\n[mysql]\ndatabase={DATABASE}\n'
        )


SERVERS: Mapping[str, type[Server]] = {server.name: server for server in (PostgreSQL, MariaDB)}


@contextlib.contextmanager
def servers(names: Sequence[str] = tuple(SERVERS)) -> Iterator[list[Server]]:
    """Yields running servers with nothing in them, and removes them and their data afterwards."""
    with tempfile.TemporaryDirectory(prefix="sqlflowc-servers-") as folder:
        # The servers' accounts have to get in; what is in it is closed to others.
        Path(folder).chmod(0o755)
        made = [SERVERS[name](Path(folder)) for name in names]
        install(made)
        try:
            for server in made:
                server.start()
            yield made
        finally:
            for server in made:
                server.stop()


def install(wanted: Sequence[Server]) -> None:
    """Installs the Debian packages of servers that are not there."""
    missing = [server for server in wanted if server.program(server.daemon) is None]
    if not missing:
        return
    packages = [package for server in missing for package in server.packages]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ServerError(
            f"{' and '.join(packages)} are missing; install them, or run this as root on Debian"
        )
    # A server of Debian's own making would start otherwise, on the usual port.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (
        ["update", "-qq"],
        ["install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        subprocess.run(
            ["apt-get", *command],
            check=True,
            env=environment,
            stdout=sys.stderr,
            stdin=subprocess.DEVNULL,
        )


def make_certificate(folder: Path) -> None:
    """Makes a key and a certificate that signs itself."""
    options = (
        "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=127.0.0.1 "
        "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem"
    )
    subprocess.run(["openssl", *options.split()], check=True, capture_output=True, cwd=folder)
    # PostgreSQL refuses a key that others may read.
    (folder / "key.pem").chmod(0o600)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_running(pid: int, folder: Path) -> bool:
    """Says whether the process is the server of this folder: numbers are given again."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True).is_relative_to(folder.resolve())
    except OSError:
        return False


def tail(log: Path, lines: int = 20) -> str:
    text = log.read_text("utf-8", "replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


def main() -> int:
    parser = argparse.ArgumentParser(usage=(__doc__ or "").partition("usage: ")[2])
    actions = parser.add_subparsers(dest="action", required=True)
    for action in ("run", "start", "stop"):
        arguments = actions.add_parser(action)
        if action != "run":
            arguments.add_argument("folder", type=Path)
        if action != "stop":
            arguments.add_argument("--only", action="append", choices=list(SERVERS))
        if action == "run":
            arguments.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    try:
        if chosen.action == "stop":
            for kind in SERVERS.values():
                kind(chosen.folder.absolute()).stop()
            shutil.rmtree(chosen.folder)
            return 0
        names = chosen.only or list(SERVERS)
        if chosen.action == "start":
            made = [SERVERS[name](chosen.folder.absolute()) for name in names]
            install(made)
            for server in made:
                server.start()
                for variable, value in server.variables().items():
                    sys.stdout.write(f"{variable}={value}\n")
            return 0
        # Stopped from outside, the servers have to go too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        with servers(names) as made:
            variables = {key: value for server in made for key, value in server.variables().items()}
            command = chosen.command[chosen.command[:1] == ["--"] :]
            return subprocess.run(command, env={**os.environ, **variables}, check=False).returncode
    except ServerError as error:
        sys.stderr.write(f"servers.py: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
