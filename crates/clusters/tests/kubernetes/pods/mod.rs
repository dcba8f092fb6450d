//! What is done with the pods of a workload: programs are run in them, and they are stopped.

mod inside;
mod stopping;
