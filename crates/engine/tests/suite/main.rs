//! The engine against an in-memory world: every run is driven to its end in virtual time.

#[cfg(test)]
mod agreed;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod data;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod drilling;
#[cfg(test)]
mod durable;
#[cfg(test)]
mod files;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod lease;
#[cfg(test)]
mod noticing;
#[cfg(test)]
mod past;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod rollback;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod stale;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod watch;
