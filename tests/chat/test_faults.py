"""What a server says when it refuses: read in linear time, told in one line, never hidden."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.chat.faults import (
    LONGEST_WAIT,
    Fault,
    fatal_reason,
    fault_of_reply,
    plain_text,
    retry_after,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))

LOOPS = {
    "<script": "<script" * 15_000,
    "<script <a>": "<script <a>" * 10_000,
    "<style><": "<style><" * 12_000,
    "<": "<" * 100_000,
    "model": "model " * 16_000,
    "max_tokens": "max_tokens too " * 7_000,
    "max_new_tokens": "max_new_tokens <" * 7_000,
    "at most": "at most at " * 10_000,
    "digits": "max 9" + "9" * 100_000,
    "backslashes": "\\" * 100_000,
    "spaces": " " * 100_000,
}
READ_ALL = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))  # linear: 3 s on a slow machine; else minutes
from evolvemcts4rl.chat.dialect import ChatRequest, Dialect
from evolvemcts4rl.chat.faults import fatal_reason, fault_of_reply
asked = ChatRequest("m", [{"role": "user", "content": "?"}], {}, b"")
sent = {"model": "m", "n": 4, "max_tokens": 9, "top_p": 1}
for text in json.load(sys.stdin):
    error = {"message": text, "code": text, "param": text}
    for body in (text, json.dumps({"error": error}), json.dumps([text])):
        for status in (400, 403, 404, 422, 429, 500):
            fault = fault_of_reply(status, body, {"retry-after": text})
            fault.filtered, fault.too_long, fatal_reason(fault, "host", "m", [])
            Dialect("vllm").learn(fault, sent, asked)
"""


def said(status: int, message: str, **fields: Any) -> Fault:
    return fault_of_reply(status, json.dumps({"error": {"message": message, **fields}}), {})


@pytest.mark.parametrize(
    "fault",
    [
        said(307, "moved to the north"),
        said(401, "the key has expired"),
        said(402, "pay for March first"),
        said(403, "Country, region, or territory not supported"),
        said(403, "insufficient_quota since Monday"),
        said(404, "The model `m` does not exist in eu-west"),
        said(404, "only /api/v2 is served"),
        said(405, "POST is not for you"),
    ],
    ids=lambda fault: f"{fault.status} {fault.message}",
)
def test_every_sentence_that_ends_a_run_says_what_the_server_said(fault: Fault) -> None:
    sentence = fatal_reason(fault, "host", "m", [])
    assert sentence is not None
    assert f'it said: "{fault.message}"' in sentence


def test_what_a_server_says_at_length_is_shortened_to_one_line() -> None:
    sentence = fatal_reason(said(403, "no.\n" * 1000), "host", "m", [])
    assert sentence is not None
    assert "\n" not in sentence
    assert len(sentence) < 300
    assert sentence.endswith('…"')


def test_a_refusal_without_a_word_is_told_without_a_quote() -> None:
    assert "said" not in str(fatal_reason(fault_of_reply(403, "", {}), "host", "m", []))


@pytest.mark.slow
def test_reading_a_refusal_of_loops_takes_no_more_than_a_bounded_amount_of_work() -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL],
        input=json.dumps(list(LOOPS.values())),
        text=True,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr  # killed by the limit on its CPU otherwise


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<html><body><h1>Bad</h1>\n<p>Gateway</p></body></html>", "Bad Gateway"),
        (
            "<style type='text/css'>p > a {}</style>Busy<SCRIPT>if (a<b) x()</SCRIPT> now",
            "Busy now",
        ),
        ("n must be 1 < n <= 8 and > 0", "n must be 1 < n <= 8 and > 0"),
        ("Unclosed <b", "Unclosed <b"),
        ("<!-- nginx --><?xml?>502", "502"),
        ("\x1b[31mred\x1b[0m \u202egnp.exe\u202c\x07", "[31mred [0m gnp.exe"),
    ],
)
def test_markup_and_signs_that_do_not_print_are_left_out(html: str, text: str) -> None:
    assert plain_text(html) == text


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, st.sampled_from([200, 301, 400, 401, 403, 404, 422, 429, 500]))
def test_whatever_a_refusal_holds_its_texts_are_one_printable_line(
    message: str, code: str, param: str, status: int
) -> None:
    for body in (
        message,
        json.dumps({"error": {"message": message, "code": code, "param": param}}),
    ):
        fault = fault_of_reply(status, body, {})
        assert fault.message
        assert all(
            text.isprintable() and len(text) <= 300
            for text in (fault.message, fault.code, fault.param)
        )
        assert (fatal_reason(fault, "host", "m", ["m"]) or "").isprintable()
        assert isinstance(fault.filtered or fault.too_long, bool)


def test_a_date_to_wait_for_is_read_as_utc_where_it_names_no_zone() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=60)
    for date in (format_datetime(soon, usegmt=True), soon.strftime("%a, %d %b %Y %H:%M:%S")):
        wait = retry_after({"retry-after": date})
        assert wait is not None
        assert 50 < wait <= 60
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0


@given(
    ANY_TEXT | st.datetimes().map(str) | st.floats().map(str) | st.datetimes().map(format_datetime)
)
def test_whatever_retry_after_says_the_wait_is_bounded_or_none(value: str) -> None:
    wait = retry_after({"retry-after": value})
    assert wait is None or 0 <= wait <= LONGEST_WAIT
