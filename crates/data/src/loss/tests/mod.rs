//! What is lost, listed and put back, on a real server.

mod estimates;
mod ground;
mod nasty;
mod reimports;
mod reports;
mod row_undo;
mod scattered;
mod seeds;
