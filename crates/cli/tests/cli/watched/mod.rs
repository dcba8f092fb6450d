//! What `backout watch` sees to: deploys that nobody told of, and what others tell by webhooks.

mod alertmanager;
mod deploys;
mod watching;
mod webhooks;
