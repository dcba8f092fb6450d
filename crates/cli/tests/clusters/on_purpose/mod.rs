//! What is done to a cluster's services on purpose while nothing is wrong.

mod rehearsed;
mod restarted;
