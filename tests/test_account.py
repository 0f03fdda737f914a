"""Whose name stands in the audit trail: the system's word for it, never the caller's."""

from __future__ import annotations

import os
import pwd

import pytest

from hub.account import account


def test_a_caller_cannot_choose_the_account_that_an_entry_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody.else")
    assert account() != "somebody.else"


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    assert account() == "uid-4711"


def test_a_name_of_a_directory_service_is_made_fit_for_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    made = pwd.struct_passwd(("COUNTY\\ana lopez", "x", 1, 1, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: made)
    assert account() == "COUNTY_ana_lopez"
