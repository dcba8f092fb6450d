//! Caches: emptied after an environment went back, so that nothing from after the checkpoint is served from them.
//!
//! Contract: what is removed is what the configuration names, and nothing else. `FLUSHALL` is sent only where it is written
//! so.

mod redis;
mod reply;

pub use redis::RedisCache;
