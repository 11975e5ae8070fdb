-- Every question that the store asks, by name. A repository's rows are named in each of them,
-- beside the filter of the server: the planner needs it, and a superuser has no filter.

-- name: versions
-- The steps of the schema that this database has.
select version from gitagent.versions;

-- name: settings
-- What holds for the whole session. As arguments: no list of sessions shows the key.
select set_config('search_path', 'gitagent', false),
       set_config('gitagent.key', %(key)s, false),
       set_config('synchronous_commit', 'off', false),
       set_config('statement_timeout', %(timeout_ms)s, false),
       set_config('lock_timeout', %(timeout_ms)s, false);

-- name: enter
-- The repository of this session; nothing where it is not there yet.
select own_repository();

-- name: add_repository
insert into repositories (digest) values (sha256(convert_to(%(key)s, 'UTF8')))
on conflict (digest) do nothing;

-- name: filtered
-- Whether the server holds repositories apart for this role.
select not (rolsuper or rolbypassrls) from pg_roles where rolname = current_user;

-- name: lock
-- One writer at a time in a repository, until the transaction ends.
select documents, segments from repositories where id = %(repository)s for update;

-- name: hand_out
update repositories set documents = %(documents)s, segments = %(segments)s
where id = %(repository)s;

-- name: stored
-- Which of these objects there are, by language.
select object, language, id, length from documents
where repository = %(repository)s and edition = %(edition)s and object = any(%(objects)s);

-- name: incoming_documents
-- COPY does not know of row filters, so it fills a table of the session, which INSERT reads.
create temporary table if not exists incoming_documents (
    id int, object bytea, language text, length int, skipped text, places bytea, facts bytea
) on commit delete rows;

-- name: count
select count(*) from documents where repository = %(repository)s and id = any(%(documents)s);

-- name: copy_documents
copy incoming_documents (id, object, language, length, skipped, places, facts)
from stdin (format binary);

-- name: add_documents
insert into documents (repository, id, object, language, edition, length, skipped, places, facts)
select %(repository)s, id, object, language, %(edition)s, length, skipped, places, facts
from incoming_documents;

-- name: insert_documents
-- The same for few rows.
insert into documents (repository, id, object, language, edition, length, skipped, places, facts)
select %(repository)s::int, id, object, language, %(edition)s::int, length, skipped, places, facts
from unnest(
    %(column_1)s::int[], %(column_2)s::bytea[], %(column_3)s::text[], %(column_4)s::int[],
    %(column_5)s::text[], %(column_6)s::bytea[], %(column_7)s::bytea[]
) as few (id, object, language, length, skipped, places, facts);

-- name: incoming_postings
create temporary table if not exists incoming_postings (
    field text, term text, postings bytea
) on commit delete rows;

-- name: copy_postings
copy incoming_postings (field, term, postings) from stdin (format binary);

-- name: add_postings
insert into postings (repository, field, term, segment, postings)
select %(repository)s, field, term, %(segment)s, postings from incoming_postings;

-- name: insert_postings
insert into postings (repository, field, term, segment, postings)
select %(repository)s::int, field, term, %(segment)s::int, postings
from unnest(%(column_1)s::text[], %(column_2)s::text[], %(column_3)s::bytea[])
    as few (field, term, postings);

-- name: keep_listing
-- The same may have been kept meanwhile by somebody else, with the same content.
insert into listings (repository, key, edition, used, labels, documents, lengths)
values (%(repository)s, %(key)s, %(edition)s, %(used)s, %(labels)s, %(documents)s, %(lengths)s)
on conflict (repository, key, edition) do update
set used = excluded.used, labels = excluded.labels,
    documents = excluded.documents, lengths = excluded.lengths;

-- name: use
-- Counts, because no clock is trusted. Nothing where somebody writes: a query does not wait for it.
update repositories set used = used + 1
where id = (select id from repositories where id = %(repository)s for update skip locked)
returning used;

-- name: newest_use
select used from repositories where id = %(repository)s;

-- name: listing
select labels, documents, lengths, used from listings
where repository = %(repository)s and key = %(key)s and edition = %(edition)s;

-- name: touch
update listings set used = %(used)s
where repository = %(repository)s and key = %(key)s and edition = %(edition)s;

-- name: postings
select term, postings from postings
where repository = %(repository)s and field = %(field)s and term = any(%(terms)s);

-- name: places
select id, places from documents
where repository = %(repository)s and id = any(%(documents)s) and skipped = '';

-- name: facts
select id, facts from documents
where repository = %(repository)s and id = any(%(documents)s) and skipped = '';

-- name: skipped
select id, skipped from documents
where repository = %(repository)s and id = any(%(documents)s) and skipped <> '';

-- name: left_out
-- The same by object, whether they are listed or not.
select object, language, skipped from documents
where repository = %(repository)s and edition = %(edition)s and object = any(%(objects)s)
  and skipped <> '';

-- name: listings
select count(*) from listings where repository = %(repository)s;

-- name: drop_listings
-- All but those used last, and those of other editions.
delete from listings s
where s.repository = %(repository)s and (
    s.edition <> %(edition)s
    or s.used < (select min(used) from (
        select used from listings
        where repository = %(repository)s and edition = %(edition)s
        order by used desc limit %(keep)s) newest)
);

-- name: listing_documents
select documents from listings where repository = %(repository)s;

-- name: drop_documents
delete from documents
where repository = %(repository)s and id <= %(newest)s and not id = any(%(living)s);

-- name: document_ids
select id from documents where repository = %(repository)s;

-- name: all_postings
select field, term, postings from postings
where repository = %(repository)s order by field, term, segment;

-- name: tidy
-- Gives the room of what went to what comes; where somebody works on a table, the next one does.
vacuum (analyze, skip_locked) documents, postings, listings;

-- name: clear_postings
delete from postings where repository = %(repository)s;

-- name: clear_documents
delete from documents where repository = %(repository)s;

-- name: clear_listings
delete from listings where repository = %(repository)s;

-- name: sizes
-- Rows of one repository; the bytes are those of the whole database, of which only it is told.
select (select count(*) from documents where repository = %(repository)s),
       (select count(*) from documents where repository = %(repository)s and skipped <> ''),
       (select count(*) from listings where repository = %(repository)s),
       (select count(*) from postings where repository = %(repository)s),
       (select coalesce(sum(length(postings)), 0)::bigint
        from postings where repository = %(repository)s),
       pg_database_size(current_database());
