"""A record's line of JSON is what the standard library would write."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ingest.record import line, record
from kliping.model import Article, PageOutcome, Removal

TEXTS = (
    st.none() | st.text() | st.lists(st.sampled_from(['"', "\\", "\n", "\t", "\x7f", "\ud800", "é", "a"])).map("".join)
)


@given(TEXTS, TEXTS)
def test_a_line_is_as_the_standard_library_writes_it(title: str | None, body: str | None) -> None:
    removed = (Removal("step", "rule", '"body":null'),)
    article = Article(PageOutcome.ARTICLE, title=title, body=body, removed=removed, url='https://a.example/"body":null')
    whole = json.dumps(record(article), ensure_ascii=False, separators=(",", ":"))
    assert line(article) == whole.encode("utf-8", "replace")
