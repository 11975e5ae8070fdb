-- What is asked of vectors, by name; a repository's rows are named in each, as in queries.sql.
--
-- Where the planner has no figures of a repository yet, it takes it for one row, and compares every
-- place with every vector. `offset 0` keeps it to one look-up by the whole key for each.

-- name: uncut
-- Of these documents, those of which nobody has said which parts are embedded.
select d.id from documents d
where d.repository = %(repository)s and d.id = any(%(documents)s) and d.skipped = ''
  and not exists (
    select from places p where p.repository = d.repository and p.document = d.id offset 0);

-- name: add_places
-- Somebody else may have collected a document, or cut it, meanwhile.
insert into places (repository, document, first, last, digest)
select %(repository)s, document, first, last, digest
from unnest(%(documents)s::int[], %(firsts)s::int[], %(lasts)s::int[], %(digests)s::bytea[])
    as new (document, first, last, digest)
where exists (select from documents d
    where d.repository = %(repository)s and d.id = document for key share)
on conflict do nothing;

-- name: unembedded
-- Places in these documents whose text has no vector of a model.
select p.document, p.first, p.last, p.digest from places p
where p.repository = %(repository)s and p.document = any(%(documents)s)
  and not exists (select from vectors v
    where v.repository = p.repository and v.model = %(model)s and v.digest = p.digest
    offset 0)
order by p.document, p.first;

-- name: embedded
-- Of these digests, those that a model has a vector for.
select digest from vectors
where repository = %(repository)s and model = %(model)s and digest = any(%(digests)s);

-- name: vector
select numbers_of(vector) from vectors
where repository = %(repository)s and model = %(model)s and digest = %(digest)s;

-- name: add_vectors
-- Vectors are written as text, which is several times as fast as arrays of numbers.
insert into vectors (repository, model, digest, vector)
select %(repository)s, %(model)s, digest, as_vector(vector)
from unnest(%(digests)s::bytea[], %(vectors)s::text[]) as new (digest, vector)
on conflict do nothing;

-- name: nearest
-- The order by document makes equals come out the same each time.
with asked as materialized (select as_vector(%(asked)s) as vector)
select p.document, p.first, p.last, nearness(v.vector, asked.vector) as near
from asked, places p cross join lateral (
    select vector from vectors v
    where v.repository = p.repository and v.model = %(model)s and v.digest = p.digest
    offset 0) v
where p.repository = %(repository)s and p.document = any(%(documents)s)
order by near desc nulls last, p.document, p.first limit %(limit)s;

-- name: coverage
-- How many places these documents have, and how many of them a vector of a model.
select count(*), count(*) filter (where exists (select from vectors v
    where v.repository = p.repository and v.model = %(model)s and v.digest = p.digest
    offset 0))
from places p
where p.repository = %(repository)s and p.document = any(%(documents)s);

-- name: drop_vectors
-- Those of texts that stand nowhere any more, such as queries.
delete from vectors v
where v.repository = %(repository)s and not exists (
    select from places p where p.repository = v.repository and p.digest = v.digest
    offset 0);
