//! How deploys are judged: by what Prometheus says, and what would have been said of recorded ones.

mod compared;
mod halfway;
mod recordings;
mod signals;
mod under_load;
