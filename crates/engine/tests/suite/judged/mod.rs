//! Deploys judged by what servers, logs and platforms say of them.

mod compared;
mod signals;
mod used;
