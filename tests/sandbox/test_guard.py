from __future__ import annotations

import pytest

from sandbox.guard import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "ledger.localhost"])
def test_this_machine_is_known_by_each_of_its_names(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "127.0.0.1.example", "localhost.example", "notlocalhost", "192.168.1.1", "::"])
def test_a_name_that_only_looks_alike_is_another_machine(host: str):
    assert not is_loopback(host)
