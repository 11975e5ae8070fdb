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
    used bigint not null default 0      -- counts the uses of snapshots
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
    length int not null,                -- in words
    pinned bool not null,               -- kept although no snapshot holds it
    skipped text not null,              -- why nothing is known of it; empty where something is
    facts bytea not null,               -- what the writer wants back, whole
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

-- A tree as a list of documents: paths with a NUL after each, the rest as 32-bit integers.
create table snapshots (
    repository int not null,
    tree bytea not null,
    edition int not null,
    used bigint not null,
    paths bytea not null,
    documents bytea not null,
    lengths bytea not null,
    primary key (repository, tree, edition)
);

alter table repositories enable row level security, force row level security;
alter table documents enable row level security, force row level security;
alter table postings enable row level security, force row level security;
alter table snapshots enable row level security, force row level security;

create policy own on repositories
    using (digest = sha256(convert_to(current_setting('gitagent.key', true), 'UTF8')));
create policy own on documents using (repository = (select own_repository()));
create policy own on postings using (repository = (select own_repository()));
create policy own on snapshots using (repository = (select own_repository()));
