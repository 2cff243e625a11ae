"""Whether a headline advertises gambling, as on blogs and expired domains that were taken over for it.

A newsroom that reports on gambling uses the same nouns; what tells them apart is the language of the trade (a slot that
is "gacor", a "bocoran RTP", a bonus for new members) and, in a report, the words of police and ministries.
"""

from __future__ import annotations

import re

_TRADE = re.compile(
    r"\bgacor\b|\bmax ?win\b|\brtp (?:live|slot|hari|tertinggi)|\bbocoran (?:slot|rtp|admin|pola|togel|hk|sgp|sdy)"
    r"|\bslot\s?(?:88|777|online|demo|dana|pulsa|qris|thailand|deposit|terpercaya|resmi|gampang)|\bakun pro\b"
    r"|\b(?:situs|link|agen|bandar|daftar|login|portal) (?:alternatif|slot|judi|togel|poker|toto|casino|kasino|bola88)"
    r"|\bjudi (?:slot|bola|online|kasino|casino|poker) (?:terpercaya|resmi|terbaik|terlengkap|terbesar|24 jam|deposit)"
    r"|\b(?:togel|toto) (?:macau|hongkong|singapore|sidney|sydney|hk|sgp|sdy|4d|online|terpercaya)"
    r"|\bprediksi (?:togel|hk|sgp|sdy|macau|toto)|\bbonus (?:new member|member baru|deposit|rollingan|cashback)"
    r"|\b(?:pragmatic play|pg ?soft|habanero|mahjong ways|gates of olympus|starlight princess|sbobet"
    r"|idn ?(?:poker|slot))"
    r"|\bscatter (?:hitam|naga|emas)|\bdeposit (?:pulsa|dana|qris|tanpa potongan|[0-9.]+ ?(?:ribu|rb|k))\b"
    r"|\b[a-z]{0,12}(?:slot|toto|togel|poker|casino)[0-9]{2,4}\b",
    re.IGNORECASE,
)
_REPORT = re.compile(
    r"\b(?:polisi|polda|polres\w*|polri|bareskrim|kejaksaan|jaksa|hakim|pengadilan|divonis|vonis|terdakwa|tersangka"
    r"|tangkap|ditangkap|menangkap|penangkapan|bongkar|dibongkar|ringkus|diringkus|gerebek|digerebek|ciduk|diciduk"
    r"|kominfo|komdigi|kemkomdigi|ppatk|ojk|blokir|diblokir|memblokir|pemblokiran|berantas|pemberantasan|memberantas"
    r"|korban|kecanduan|terlilit|terjerat|dampak|bahaya|kasus|sindikat|razia|satgas|dpr|menteri|mui|pinjol|bansos"
    r"|police|arrest\w*|court|banned|ban|crackdown)\b",
    re.IGNORECASE,
)


def advertises(title: str | None) -> bool:
    """Whether a title is an advertisement for gambling. A report about it, or a word of it alone, is not."""
    text = (title or "")[:300]
    return _TRADE.search(text) is not None and _REPORT.search(text) is None
