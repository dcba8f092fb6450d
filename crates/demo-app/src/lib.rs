//! A small real HTTP application whose health can be steered, to deploy and roll back in demos and tests.
//!
//! Contract: plain blocking code with a thread for each connection, so that it builds in a moment and runs as process 1 of
//! a `FROM scratch` image. It answers `GET /`, `/health`, `/version`, `/metrics`, `/config`, `/env/NAME` and `POST /control?mode=MODE`,
//! and its [`Mode`] says how it misbehaves. `SIGTERM` and `SIGINT` end it at once (unless the mode is `ignore-term`, which
//! ignores `SIGTERM`). Nothing here reads the process's environment: it comes in through [`Options`].
#![expect(
    clippy::disallowed_methods,
    reason = "the application under test is outside backout's engine: it measures its own age with its own clock"
)]

mod application;
mod healthcheck;
mod http;
mod metrics;
mod mode;
mod options;
mod server;

pub use healthcheck::{HealthcheckError, healthcheck};
pub use mode::{Mode, ModeError};
pub use options::{Invocation, Options, OptionsError};
pub use server::{run, serve};
