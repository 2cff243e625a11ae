-- The read contract: what programs that read the database may rely on. Applied by db/migrate.py whenever this file
-- differs from what the database has; a column may be added at the end, never changed or taken away within v1.

CREATE SCHEMA IF NOT EXISTS v1;

CREATE OR REPLACE VIEW v1.articles AS
SELECT
    a.id,
    a.site,
    a.url,
    a.canonical_url,
    a.title,
    a.author,
    a.published_at,
    a.published_precision,
    a.language,
    a.body,
    a.body_from,
    a.captions,
    a.sources,
    a.credits,
    a.tags,
    a.flags,
    a.image,
    a.site_name,
    a.same_body_as,
    a.initial,
    f.url AS feed_url,
    f.title AS feed_title,
    a.created_at AS first_seen_at,
    a.updated_at
FROM public.articles AS a
LEFT JOIN public.feeds AS f ON f.id = a.feed_id;

CREATE OR REPLACE VIEW v1.gaps AS
SELECT g.id, f.url AS feed_url, g.from_at, g.to_at, g.opened_at, g.closed_at, g.outcome
FROM public.gaps AS g
JOIN public.feeds AS f ON f.id = g.feed_id;

COMMENT ON VIEW v1.gaps IS 'Stretches of a feed''s time in which entries may be missing from the archive.';
COMMENT ON COLUMN v1.gaps.id IS 'Number of the gap.';
COMMENT ON COLUMN v1.gaps.feed_url IS 'The feed.';
COMMENT ON COLUMN v1.gaps.from_at IS 'The newest entry known before.';
COMMENT ON COLUMN v1.gaps.to_at IS 'The oldest entry known after.';
COMMENT ON COLUMN v1.gaps.opened_at IS 'When a poll found that it shared nothing with what was known.';
COMMENT ON COLUMN v1.gaps.closed_at IS 'When it was settled; null while it is open.';
COMMENT ON COLUMN v1.gaps.outcome IS 'filled: its history was read back, nothing is missing. unfilled: it could not be. Null while it is open.';

COMMENT ON VIEW v1.articles IS 'Every live article, cleaned; one row per article and site.';
COMMENT ON COLUMN v1.articles.id IS 'Stable number of the article; grows in the order of storing, with gaps.';
COMMENT ON COLUMN v1.articles.site IS 'The site the article belongs to; duplicates are looked for within it.';
COMMENT ON COLUMN v1.articles.url IS 'Address the article was read at; null when its feed gives none.';
COMMENT ON COLUMN v1.articles.canonical_url IS 'Address the page declares as its own. Data, not identity: it may name another site.';
COMMENT ON COLUMN v1.articles.title IS 'Headline, plain text.';
COMMENT ON COLUMN v1.articles.author IS 'Author as named by the page or feed, plain text.';
COMMENT ON COLUMN v1.articles.published_at IS 'When it was published; null when unknown. See published_precision.';
COMMENT ON COLUMN v1.articles.published_precision IS 'What published_at is exact to: second, minute or day (then midnight in the feed''s zone).';
COMMENT ON COLUMN v1.articles.language IS 'Language of the body, ISO 639-1 (id, ms, en, ...).';
COMMENT ON COLUMN v1.articles.body IS 'The article, plain text; paragraphs are joined by a blank line.';
COMMENT ON COLUMN v1.articles.body_from IS 'Where the body was taken from: web (its page) or feed.';
COMMENT ON COLUMN v1.articles.captions IS 'Photo captions: [{"text": ..., "credit": ... or null}].';
COMMENT ON COLUMN v1.articles.sources IS 'What source lines said: [{"label": ..., "url": ..., "kind": "text" | "image" | "republished"}].';
COMMENT ON COLUMN v1.articles.credits IS 'People named by role: [{"role": "reporter" | "editor" | ..., "name": ...}].';
COMMENT ON COLUMN v1.articles.tags IS 'Labels and categories, as the site writes them.';
COMMENT ON COLUMN v1.articles.flags IS 'Words of caution, such as body_from_feed, incomplete, source_unresolved, cleaning_refused.';
COMMENT ON COLUMN v1.articles.image IS 'Address of the lead image.';
COMMENT ON COLUMN v1.articles.site_name IS 'What the site calls itself.';
COMMENT ON COLUMN v1.articles.same_body_as IS 'Id of an article on another site that has the same body; null when there is none.';
COMMENT ON COLUMN v1.articles.initial IS 'True for articles of a feed''s first poll: old when they were first seen.';
COMMENT ON COLUMN v1.articles.feed_url IS 'The feed that announced it; null when the feed was removed.';
COMMENT ON COLUMN v1.articles.feed_title IS 'Title of that feed.';
COMMENT ON COLUMN v1.articles.first_seen_at IS 'When it was stored.';
COMMENT ON COLUMN v1.articles.updated_at IS 'When this row last changed.';
