//! What goes with the code: the data of a service, and what its pods write.

mod data;
mod logged;
