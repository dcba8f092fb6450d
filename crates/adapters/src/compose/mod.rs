//! Docker Compose: services that are containers of one Compose project.
//!
//! Who does what: `platform` keeps the port; `observe`, `capture`, `image`, `switch`, `strays`, `told`, `rivals`, `events`, `exec` and `inside`
//! each do one of its jobs; `container` reads what the engine says of a container; `argv` builds every command line;
//! `document` holds the captured project; `engine` is the connection. Facts come from the Engine API, because it answers in
//! milliseconds; bringing services up is left to `docker compose`, because nothing else knows all that it does.
//!
//! Contract: the user's files are never edited, and services that were not named are never touched. Captured secrets
//! travel on standard input only.

mod argv;
mod capture;
mod container;
mod document;
mod engine;
mod events;
mod exec;
mod image;
mod inside;
mod observe;
mod options;
mod platform;
mod rivals;
mod strays;
mod switch;
mod told;

pub(crate) use argv::project;
pub use options::{ComposeOptions, DockerOptions};
pub use platform::ComposePlatform;
