//! How it is proven that a way back arrived, and how it is rehearsed.

mod drill;
mod logs;
mod smoke;
mod verify;
mod version;

pub use drill::DrillPolicy;
pub use logs::LogRule;
pub use smoke::Smoke;
pub use verify::VerifyPolicy;
pub use version::VersionQuestion;
