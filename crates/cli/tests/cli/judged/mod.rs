//! How deploys are judged: by what Prometheus says, and what would have been said of recorded ones.

mod recordings;
mod signals;
