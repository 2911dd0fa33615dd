"""Where requests go: to the host that was given and to no other, however odd the address."""

import ipaddress
from urllib.parse import urlsplit

import httpx2
import pytest
import yarl
from hypothesis import example, given
from hypothesis import strategies as st

from evolvemcts4rl.chat.addresses import addresses_of, url_under
from evolvemcts4rl.errors import UserError
from tests.support.chat_client import settings_for

KEY = {"OPENAI_API_KEY": "sk-4711-4711"}
PATHS = ("models", "chat/completions", "deployments/%2e%2e/chat/completions")


def urls_of(base: str, path: str = "models", environment: dict[str, str] = KEY) -> list[str]:
    [address] = addresses_of(settings_for(base), environment)
    return [url_under(root, path) for root in address.roots]


def sent_to(url: str) -> yarl.URL:
    """Return the URL that is asked, as the libraries that send it read it."""
    return yarl.URL(str(httpx2.URL(url)))


def same_host(one: str | None, other: str | None) -> bool:
    if one and other and ":" in other:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    return one == other


@pytest.mark.parametrize(
    ("base", "urls"),
    {
        "https://api.deepseek.com": [
            "https://api.deepseek.com/v1/models",
            "https://api.deepseek.com/models",
        ],
        "http://127.0.0.1:8101/": [
            "http://127.0.0.1:8101/v1/models",
            "http://127.0.0.1:8101/models",
        ],
        "http://h/v1//": ["http://h/v1/models"],
        "HTTPS://Host.Example:443/api/V1": ["https://host.example:443/api/V1/models"],
        "http://h:/v1?": ["http://h/v1/models"],
        "http://[2001:DB8::1]:8000/v1": ["http://[2001:db8::1]:8000/v1/models"],
        "http://user:p%40ss@h:1/v1": ["http://h:1/v1/models"],
        "http://h/v1/chat/completions": ["http://h/v1/models"],
        "http://h/v1/chat/completions/": ["http://h/v1/models"],
        "http://h/chat/completions": ["http://h/models"],
    }.items(),
)
def test_the_path_is_joined_to_the_address_and_nothing_to_its_host(
    base: str, urls: list[str]
) -> None:
    assert urls_of(base) == urls


@pytest.mark.parametrize("end", ["", "/", "/openai", "/openai/"])
def test_an_azure_resource_is_asked_below_openai(end: str) -> None:
    environment = {
        "AZURE_OPENAI_ENDPOINT": f"https://r.openai.azure.com{end}",
        "AZURE_OPENAI_API_KEY": "4711-4711",
    }
    [address] = addresses_of(settings_for(), environment)
    [root] = address.roots
    assert (
        url_under(root, "models", "api-version=1")
        == "https://r.openai.azure.com/openai/models?api-version=1"
    )


NO_ADDRESSES = [
    "localhost:8000/v1",
    "ftp://host/v1",
    "http://",
    "http:///v1",
    "http://host:port/v1",
    "http://host:0/v1",
    "http://host:65536/v1",
    "http://a..b/v1",
    "http://good.example\\@evil.example/v1",
    "http://good.example\t.evil.example/v1",
    "http://good.example .evil.example/v1",
    "http://good.example%2f.evil.example/v1",
    "http://h\u00f6st/v1",
    "http://ho\u200bst/v1",
    "http://[fe80::1%25eth0]/v1",
    "http://[::1/v1",
    "http://[v1.x]/v1",
    "http://host/v1\x00",
]


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_libraries_might_read_differently_is_refused_by_the_name_that_gave_it(
    url: str,
) -> None:
    with pytest.raises(UserError, match="--base_url is no valid address"):
        addresses_of(settings_for(url), KEY)
    with pytest.raises(UserError, match="OPENAI_BASE_URL is no valid address"):
        addresses_of(settings_for(), KEY | {"OPENAI_BASE_URL": url})


HOSTS = [
    "api.deepseek.com",
    "API.Example.",
    "localhost",
    "127.0.0.1",
    "2130706433",
    "[::1]",
    "[2001:db8::7]",
    "a_b-c.d",
]
ODD = st.text(st.sampled_from("aZ09-._~!$&'()*+,;=:%/ \\\t\u202e\u3002\uff0fé[]")) | st.text()
USERS = ODD.filter(lambda text: not set(text) & set("/?#\\"))


@given(
    st.sampled_from(["http", "https", "HTTP"]),
    st.just("") | USERS.map(lambda text: f"{text}@"),
    st.sampled_from(HOSTS),
    st.sampled_from(["", ":", ":8101", ":443"]),
    st.just("") | ODD.map(lambda text: f"/{text}"),
    st.sampled_from(PATHS),
)
def test_no_request_goes_to_a_host_other_than_the_one_given(
    scheme: str, user: str, host: str, port: str, end: str, path: str
) -> None:
    try:
        urls = urls_of(f"{scheme}://{user}{host}{port}{end}", path)
    except UserError:
        return
    for url in urls:
        sent = sent_to(url)
        assert same_host(sent.raw_host, host.strip("[]").lower())
        assert (sent.scheme, sent.explicit_port) in (
            (scheme.lower(), int(port[1:] or 0) or None),
            (scheme.lower(), None),
        )
        assert (sent.raw_user, sent.raw_password, sent.raw_query_string, sent.raw_fragment) == (
            None,
            None,
            "",
            "",
        )


@given(
    st.text()
    | ODD.map(lambda text: f"http://{text}")
    | st.tuples(ODD, ODD).map(lambda p: f"http://{p[0]}@{p[1]}")
)
@example("http://a@b@c")
@example("http://127.1/v1")
def test_whatever_the_address_all_that_read_it_agree_on_the_host_or_it_is_refused(
    base: str,
) -> None:
    try:
        urls = urls_of(base)
    except UserError:
        return
    given_host = urlsplit(base.strip()).hostname
    assert same_host(httpx2.URL(base.strip()).host, given_host)
    for url in urls:
        assert same_host(sent_to(url).raw_host, given_host)
