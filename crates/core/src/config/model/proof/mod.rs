//! How it is proven that a way back arrived.

mod logs;
mod smoke;
mod verify;

pub use logs::LogRule;
pub use smoke::Smoke;
pub use verify::VerifyPolicy;
