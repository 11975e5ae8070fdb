-- What is known of blobs, one repository's rows apart from another's.
--
-- A row is seen only by a session that has set gitagent.key to the secret of its repository, of
-- which the table keeps the digest alone: who has no clone cannot name it, and nobody can list
-- what there is. The filter holds for the owner of the tables too, but not for a superuser.

create table repositories (
    id int generated always as identity primary key,
    digest bytea not null unique,
    documents int not null default 0,   -- the last number handed out; the row is the writers' lock
    segments int not null default 0,    -- likewise
    used bigint not null default 0      -- counts the uses of listings
);

create function own_repository() returns int language sql stable return (
    select id from repositories
    where digest = sha256(convert_to(current_setting('gitagent.key', true), 'UTF8'))
);

-- A document is a blob in a language (a commit, for the history): facts differ by both.
create table documents (
    repository int not null,
    id int not null,
    object bytea not null,
    language text collate "C" not null,
    edition int not null,               -- of the way in which facts are made
    length int not null,                -- in terms
    skipped text not null,              -- why nothing is known of it; empty where something is
    places bytea not null,              -- where its terms are
    facts bytea not null,               -- what its syntax says
    primary key (repository, id),
    unique (repository, object, language, edition)
);

-- Which documents hold a term in a field, and how often: 64-bit little-endian integers, each the
-- document's number times 2^16 plus the count. A batch of documents writes one segment, so that no
-- row is rewritten when documents come. Segments are merged when documents are collected.
create table postings (
    repository int not null,
    field text collate "C" not null,
    term text collate "C" not null,
    segment int not null,
    postings bytea not null,
    primary key (repository, field, term, segment)
);
alter table postings alter column postings set storage external;

-- Documents in an order: the files of a tree with their paths, the past of a commit with the times.
-- Labels have a NUL after each; the rest are 32-bit integers.
create table listings (
    repository int not null,
    key bytea not null,                 -- the id of the tree, or of the commit
    edition int not null,
    used bigint not null,
    labels bytea not null,
    documents bytea not null,
    lengths bytea not null,
    primary key (repository, key, edition)
);

alter table repositories enable row level security, force row level security;
alter table documents enable row level security, force row level security;
alter table postings enable row level security, force row level security;
alter table listings enable row level security, force row level security;

create policy own on repositories
    using (digest = sha256(convert_to(current_setting('gitagent.key', true), 'UTF8')));
create policy own on documents using (repository = (select own_repository()));
create policy own on postings using (repository = (select own_repository()));
create policy own on listings using (repository = (select own_repository()));
