//! Commands that are run in containers, over WebSockets, as `kubectl exec` and other clients ask for them.
//!
//! | first byte of a message | from the client | to the client |
//! |---|---|---|
//! | 0 | standard input | |
//! | 1, 2 | | standard output, standard error |
//! | 3 | | how it ended, as a `Status`: the last message |
//! | 4 | the terminal's size, which is not used | |
//! | 255 (`v5` only) | the stream of that number has ended | |
//!
//! Contract: as with a real node, a client that leaves ends the command's standard input and nothing else; a pod that goes
//! takes the command with it, and the client is told nothing: its connection stays open and silent.

mod handshake;
mod process;
mod session;

pub(crate) use handshake::Handshake;
pub(crate) use session::serve;
