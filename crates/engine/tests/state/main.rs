//! The engine's own state on real files: the journal, its leases, the blobs, and what happens when the disk does not
//! play along.

#![expect(clippy::disallowed_methods, reason = "these tests damage files on purpose, with plain writes")]

#[cfg(test)]
mod blobs;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod format;
#[cfg(test)]
mod heartbeat;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod world;
