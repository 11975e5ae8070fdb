-- Vectors of parts of documents. They cost time or money to make, so they belong to the text that
-- was embedded: a file that changes in one place keeps those of all others, and a new way of making
-- facts keeps them all.

create extension if not exists vector with schema public;

-- It may have been there before, in a schema of its own.
select set_config('search_path', concat_ws(', ', 'gitagent', quote_ident(n.nspname)), true)
from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector';

-- Sessions do not see the schema of the extension, so what they need of it has a name here, which
-- is bound now: a vector out of its numbers as text (`[1,2]`), its numbers, and how near two are,
-- 1 at the most; null where they have different lengths.
create function as_vector(numbers text) returns halfvec
language sql stable return numbers::halfvec;

create function numbers_of(stored halfvec) returns real[]
language sql immutable parallel safe return stored::vector::real[];

create function nearness(stored halfvec, asked halfvec) returns double precision
language sql immutable parallel safe return
    case when vector_dims(stored) = vector_dims(asked) then 1 - (stored <=> asked) end;

-- Lines of a document that are embedded together; they go with the document.
create table places (
    repository int not null,
    document int not null,
    first int not null,
    last int not null,
    digest bytea not null,              -- of the text
    primary key (repository, document, first),
    foreign key (repository, document) references documents on delete cascade
);
create index on places (repository, digest);

create table vectors (
    repository int not null,
    model text collate "C" not null,
    digest bytea not null,
    vector halfvec not null,
    primary key (repository, model, digest)
);
-- Beside the row: what a search reads most is not to be fetched from elsewhere.
alter table vectors alter column vector set storage main;

alter table places enable row level security, force row level security;
alter table vectors enable row level security, force row level security;

create policy own on places using (repository = (select own_repository()));
create policy own on vectors using (repository = (select own_repository()));

set local search_path to gitagent, public;
