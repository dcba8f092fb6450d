//! Deploys judged by what servers say of them.

mod compared;
mod signals;
