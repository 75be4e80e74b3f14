"""Database URLs: `scheme://user:password@host:port/database?option=value`.

What a URL escapes with `%` is unescaped here, once. The password is to be seen by the server only:
messages of drivers and servers, which may quote a whole URL, go through `Address.hide`.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlflow_runtime._datasource import is_secret
from sqlflow_runtime._errors import ResourceError, did_you_mean


@dataclass(frozen=True)
class Address:
    """Where a server is, and who asks."""

    url: str = field(repr=False)
    host: str
    port: int | None
    user: str | None
    password: str | None = field(repr=False)
    database: str
    options: dict[str, str]

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.host}{port}/{self.database}"

    def hide(self, text: str) -> str:
        """Returns the text without the password, however it is written in there."""
        text = text.replace(self.url, str(self))
        parts = urllib.parse.urlsplit(self.url)
        secrets = {parts.password, self.password, *_secrets(parts.query)} - {None, ""}
        for secret in sorted(map(str, secrets), key=len, reverse=True):
            text = text.replace(secret, "…")
        return text


def _secrets(query: str) -> set[str]:
    """Returns the values of options that are passwords, as they are written and as they are."""
    written = [option.partition("=") for option in query.split("&")]
    found = {value for name, _, value in written if is_secret(name)}
    return found | {urllib.parse.unquote_plus(value) for value in found}


def parse(url: str, form: str) -> Address:
    """Splits a URL; `form` is how to write one, for the message when it is none."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError as error:
        # The text of the error may quote any part of the URL.
        raise ResourceError(
            "the database's URL cannot be read: its host or its port is malformed",
            help=f"write {form}; in a password, @ : / # ? % are %40 %3A %2F %23 %3F %25",
        ) from error
    unquote = urllib.parse.unquote
    return Address(
        url=url,
        host=unquote(parts.hostname or ""),
        port=port,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        database=unquote(parts.path.removeprefix("/")),
        options=dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)),
    )


def check_options(options: Iterable[str], known: Iterable[str]) -> None:
    """Refuses options that a driver does not know; their values may be secret and are not shown."""
    known = list(known)
    for option in options:
        if option not in known:
            raise ResourceError(
                f"unknown option `{option}` in the database's URL",
                help=did_you_mean(option, known),
            )
