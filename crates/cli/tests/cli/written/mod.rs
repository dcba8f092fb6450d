//! `docs/runbooks.md`, held to what it says: every line of the five runbooks has its row, what the examples are said to configure
//! they do, the program takes every command, and every command is typed.

mod configured;
mod database;
mod known;
mod page;
mod played;
mod seeded;
mod table;
mod typed;
