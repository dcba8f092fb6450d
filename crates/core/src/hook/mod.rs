//! What others tell by webhooks: alerts and deploys, read from their bodies, and whether a request is what it says.
//!
//! Contract: nothing is taken from a request that is not proven to be from who knows the secret, new, and seen for the first
//! time. Whoever compares signatures does so in constant time; that is the adapter's.

mod alert;
mod alertmanager;
mod body;
mod refused;
mod signed;

pub use alert::{AlertState, Heard, Told, heard};
pub use alertmanager::alertmanager;
pub use body::{alert_of, announcement_of};
pub use refused::Refused;
pub use signed::{Replays, Signed, signed_text};
