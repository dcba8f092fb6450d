//! Deploys judged by what servers, logs and platforms say of them.

mod compared;
mod explained;
mod fallen_back;
mod signals;
mod used;
