-- migrate:up
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE entries (id serial PRIMARY KEY, account text NOT NULL, amount bigint NOT NULL);
CREATE TABLE audit (id bigserial PRIMARY KEY, words text NOT NULL);
INSERT INTO users (name) VALUES ('ada'), ('grace');
INSERT INTO entries (account, amount) VALUES ('cash', 500), ('sales', -500);
-- migrate:down
DROP TABLE audit;
DROP TABLE entries;
DROP TABLE users;
