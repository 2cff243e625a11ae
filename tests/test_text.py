"""Text as it is stored: the tree's lines are cleaned as any other text is, in less time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parsers.text import clean_line, composed, one_line

ODD = "ab e\u0301é\u200b\xad\u200d\x00\x85\n\t\xa0\u2003\ue000\u202e‘’"


@given(st.text(ODD, max_size=12) | st.text(max_size=12))
def test_a_line_of_the_tree_is_clean_but_for_its_composition(raw: str) -> None:
    plain = raw.translate(dict.fromkeys((0x0B, 0x0C, *range(0x1C, 0x20)), " "))  # space, which `clean_line` drops
    assert composed(one_line(raw)) == clean_line(plain)


def test_lines_are_cut_at_white_space_of_any_kind() -> None:
    assert one_line("  a\tb\xa0\u2003c\x1ed ") == "a b c d"
    assert one_line("sa\xadtu\u200b dua\u200b ") == "satu dua"
    assert one_line("\u200b") == ""
