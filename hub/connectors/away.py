"""Why a source cannot be asked, in codes; and in words, where waiting will not cure it and somebody has to do something.

Codes with words here are lasting: such a source is asked once more soon, then slowly (`refused_pause_s`), never in a hot loop, and
/readyz says the words.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from hub.errors import HubError

__all__ = ["SourceAway", "in_words", "is_lasting"]

_WORDS = MappingProxyType(
    {
        "http-401": "the source refuses the login: look at the secret file and the account",
        "http-403": "the account may not read this: ask the source to allow it",
        "http-404": "there is nothing at this address: look at `url`",
        "http-410": "this address is gone for good: look at `url`",
        "http-redirect": "the source stands elsewhere now: put its address into `url`",
        "http-foreign-host": "a link leads to another host: if it may be asked, name it under `hosts`",
        "http-forbidden-address": "the host's address is this machine's own or a link-local one: look at `url`",
        "http-certificate": "the server's certificate is not trusted: look at `tls.ca`, the host name and the date",
        "http-client-certificate": "the server refuses our certificate, or wants one: look at `tls.certificate`",
        "http-html": "a web page came where data should: a log-in page, or the wrong `url`",
        "login-certificate": "the login's certificate is not trusted: look at `tls.ca`, the host name and the date",
        "login-client-certificate": "the login refuses our certificate, or wants one: look at `tls.certificate`",
        "login-redirect": "the login stands elsewhere now: put its address into `login.token_url`",
        "login-no-secret": "the secret file of the login is not there",
        "login-unreadable": "the answer of the login is no token: look at `login.token_url`",
        "sftp-unknown-host-key": "the server is not the one in the secret file known-hosts: ask its operator before you change it",
        "sftp-login-refused": "the server refuses the login: look at the user, and at the secret file of key or password",
        "sftp-no-such-folder": "the folder is not there, or may not be read: look at `folder`",
        "sftp-cannot-move": "files that were taken cannot be moved into done/: allow it, or set `after: remember`",
        "sftp-too-many-files": "the folder holds too many files to remember: have them moved or removed at the source",
        "sql-login-refused": "the database refuses the login: look at the secret file",
        "sql-certificate": "the database's certificate is not trusted: look at sslmode and sslrootcert in the secret file",
        "sql-refused": "the database refuses the query: look at `query` and at the rights of the account",
        "sql-no-such-column": "the query does not give the columns `cursor` and `key`",
        "sql-null-cursor": "rows without cursor or key cannot be ordered: leave them out in `query`, or fill them at the source",
        "sql-not-ordered": "the rows do not come in the order of cursor and key: look at their types",
        "sql-cursor-type": "a position cannot be kept for this type: choose a time, date, number, text or uuid",
    }
)
_REFUSED = re.compile(r"(http|login)-4(?!08|25|29)\d\d")


class SourceAway(HubError):
    """The source cannot be asked now: `reason` is a code, `after_s` what it asked to wait, if it did."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after_s = reason, after_s


def is_lasting(reason: str) -> bool:
    """Whether waiting does not cure it."""
    return reason in _WORDS or _REFUSED.fullmatch(reason) is not None


def in_words(why: str) -> str:
    """A reason, which may stand behind the name of a stream, with what to do about it; as it is where there is nothing to say."""
    reason = why.rpartition(" ")[2]
    if reason in _WORDS:
        return f"{why}: {_WORDS[reason]}"
    if is_lasting(reason):
        side = "login" if reason.startswith("login") else "source"
        return f"{why}: the {side} refuses the request as it is: look at `{'login' if side == 'login' else 'url'}`"
    return why
