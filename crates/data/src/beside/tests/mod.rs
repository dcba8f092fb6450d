//! Copies of a real database, from real dumps of it.

mod built;
mod carried;
mod ground;
mod kept;
mod replaced;
mod stood;
