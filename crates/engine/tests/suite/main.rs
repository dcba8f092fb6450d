//! The engine against an in-memory world: every run is driven to its end in virtual time.

#[cfg(test)]
mod crash;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod rollback;
#[cfg(test)]
mod scenario;
