"""The metas that say something of an article, by what they say: those that are named nowhere here are not kept."""

from __future__ import annotations

PUBLISHED = (
    "article:published_time", "article:published", "og:published_time", "og:article:published_time", "datepublished",
    "content_publisheddate", "dtk:publishdate", "parsely-pub-date", "cxenseparse:recs:publishtime", "publishdate",
    "publish_date", "publish-date", "published_date", "publisheddate", "pubdate", "sailthru.date", "article.published",
    "dcterms.date", "dc.date.issued", "dcterms.created", "dc.date", "date", "date.release", "originalpublicationdate",
    "published", "published_time", "bt:pubdate", "cxenseparse:publishtime", "dable:published_time",
)  # fmt: skip
MODIFIED = (
    "article:modified_time",
    "og:updated_time",
    "datemodified",
    "article:modified",
    "dcterms.modified",
    "last-modified",
)
TITLES = ("og:title", "twitter:title", "headline", "dc.title", "title")
AUTHORS = (
    "author",
    "article:author",
    "content_author",
    "dtk:author",
    "parsely-author",
    "dc.creator",
    "twitter:creator",
    "byl",
)
IMAGES = (
    "og:image:secure_url",
    "og:image",
    "og:image:url",
    "twitter:image",
    "twitter:image:src",
    "thumbnailurl",
    "image",
)
DESCRIPTIONS = ("description", "og:description")
SUMMARIES = (*DESCRIPTIONS, "twitter:description")
SITE_NAMES = ("og:site_name", "application-name")
KEYWORDS = ("news_keywords", "keywords")
TITLE, KIND, ADDRESS, TAG, GENERATOR = "og:title", "og:type", "og:url", "article:tag", "generator"

TOLD = frozenset((TITLE, *DESCRIPTIONS))  # by the first of each the text is found
READ = frozenset((TITLE, KIND, ADDRESS, TAG, GENERATOR)).union(
    PUBLISHED, MODIFIED, TITLES, AUTHORS, IMAGES, SUMMARIES, SITE_NAMES, KEYWORDS
)
