//! Helm: services that are releases.
//!
//! Who does what: [`record`] reads what Helm wrote of each revision; `release` finds and keeps it; `observe`, `capture`,
//! `preflight`, `switch`, `evidence` and `events` each do one job of the port, which `platform` keeps; `quiet` has its
//! workloads run nothing for a while; `repair` ends what a client left unfinished and puts back what Helm has forgotten;
//! `operate` runs `helm`, with an eye on the pods; `argv` builds its command lines; `drill` breaks one on purpose.
//!
//! Contract: history is read from Helm's own Secrets, and the revision to go back to is chosen here by what it renders, never
//! as the one before. What Helm does to go back is left to `helm`, because nothing else knows all of it: hooks, three-way
//! merges, field managers. Where it does not end as it should, the release is not left `pending`.

mod argv;
mod capture;
mod drill;
mod events;
mod evidence;
mod observe;
mod operate;
mod platform;
mod preflight;
mod quiet;
mod record;
mod release;
mod repair;
mod switch;

pub use platform::HelmPlatform;
