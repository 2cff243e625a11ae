CREATE SCHEMA IF NOT EXISTS v1;
CREATE OR REPLACE VIEW v1.articles AS
SELECT a.id, a.site, a.url, a.canonical_url, a.title, a.author, a.published_at, a.published_precision, a.language,
       a.body, a.body_from, a.captions, a.sources, a.credits, a.tags, a.flags, a.image, a.site_name, a.same_body_as,
       a.initial, f.url AS feed_url, f.title AS feed_title, a.created_at AS first_seen_at, a.updated_at
FROM public.articles AS a
LEFT JOIN public.feeds AS f ON f.id = a.feed_id;
