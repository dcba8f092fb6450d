//! What stands in the way of going back with a database, or will cost something: decided from what was seen.
//!
//! | name                    | there when                                                             | blocks |
//! |-------------------------|------------------------------------------------------------------------|--------|
//! | `old-server`            | the server is older than 13                                            | yes    |
//! | `no-client`             | `pg_dump` was not found                                                | yes    |
//! | `old-client`            | `pg_dump` is of an older major version than the server                 | yes    |
//! | `no-owner`              | the role neither owns the database nor is a superuser                  | yes    |
//! | `no-create`             | the role may not create databases                                      | yes    |
//! | `pooler`                | a pooler stands between us and the server                              | yes    |
//! | `no-terminate`          | sessions are open that the role may not end                            | yes    |
//! | `prepared-transaction`  | a prepared transaction holds the database                              | yes    |
//! | `disk`                  | less than 1.3 times its size is free, where that is known              | yes    |
//! | `slot`                  | somebody follows the database's changes: a swap wants `--break-slots`  | no     |
//! | `subscription`          | the database follows another one                                       | no     |
//! | `replica`               | a replica follows the server                                           | no     |
//! | `long-transaction`      | a transaction is open for longer than 5 s                              | no     |
//! | `running-dump`          | a `pg_dump` runs                                                       | no     |
//! | `connections`           | few are left                                                           | no     |
//! | `invalid-database`      | a `DROP DATABASE` was interrupted                                      | no     |
//! | `collation`             | its version changed under an index                                     | no     |
//! | `extension`             | one that asks for care is installed                                    | no     |
//! | `unlogged`, `no-key`, `tablespace`, `large-objects`, `event-trigger`: there are some             | no     |

mod content;
mod rights;
mod room;
mod surroundings;
mod telling;
#[cfg(test)]
mod tests;
mod traffic;

pub use surroundings::{Surroundings, obstacles};
