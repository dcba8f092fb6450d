//! How it is proven that a way back arrived, and how it is rehearsed.

mod drill;
mod logs;
mod smoke;
mod verify;

pub use drill::DrillPolicy;
pub use logs::LogRule;
pub use smoke::Smoke;
pub use verify::VerifyPolicy;
