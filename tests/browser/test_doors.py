"""Which names and which pages a server in front of a browser answers to."""

import pytest

from console.browser.doors import doors, public_url


@pytest.mark.parametrize("host", ["127.0.0.1:9651", "localhost:9651", "LOCALHOST:9651", "[::1]:9651"])
def test_loopback_is_asked_for_by_its_names(host: str) -> None:
    own = doors("127.0.0.1", 9651, None)
    assert not own.misdirected(host)
    assert not own.foreign(f"http://{host}")
    assert own.base(host) == f"http://{host.lower()}"


@pytest.mark.parametrize(
    "host",
    [None, "", "127.0.0.1", "127.0.0.1:80", "evil.example:9651", "127.0.0.1:9651.evil.example", "127.1:9651"],
)
def test_any_other_name_is_somebody_elses(host: str | None) -> None:
    assert doors("127.0.0.1", 9651, None).misdirected(host)


@pytest.mark.parametrize(
    "origin",
    [None, "", "null", "http://127.0.0.1", "https://127.0.0.1:9651", "http://evil.example:9651", "file://"],
)
def test_no_other_page_opens_a_console(origin: str | None) -> None:
    assert doors("127.0.0.1", 9651, None).foreign(origin)


def test_behind_a_proxy_only_the_pages_of_the_proxy_open_one() -> None:
    at = doors("127.0.0.1", 9651, public_url("https://Jump.example/pairs/"))
    for host in ("jump.example", "jump.example:443", "127.0.0.1:9651"):
        assert not at.misdirected(host)
        assert at.base(host) == "https://jump.example/pairs"
    assert at.misdirected("jump.example:9651")
    assert not at.foreign("https://jump.example")
    assert at.foreign("http://127.0.0.1:9651")
    assert at.foreign("https://jump.example.evil.example")


def test_where_every_address_is_listened_at_only_the_proxys_name_is_known() -> None:
    at = doors("0.0.0.0", 9651, public_url("https://jump.example:8443"))
    assert at.hosts == {"jump.example:8443"}
    assert at.origins == {"https://jump.example:8443"}


@pytest.mark.parametrize(
    "word",
    [
        "",
        "jump.example",
        "http://jump.example",
        "https://",
        "https://user@jump.example",
        "https://jump.example/?x",
        "https://jump.example/#x",
        "https://jump.example:port",
        "https://jump.example/\x1b[31m",
        'https://jump.example/"><script>',
        "https://jump.example; script-src *",
        "https://a b",
    ],
)
def test_what_is_no_address_of_a_proxy(word: str) -> None:
    with pytest.raises(ValueError, match=r"https|[Pp]ort"):
        public_url(word)
