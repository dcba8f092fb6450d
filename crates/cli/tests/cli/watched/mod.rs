//! What `backout watch` sees to: deploys that nobody told of, and what others tell by webhooks.

mod alertmanager;
mod deploys;
mod trouble;
mod watching;
mod webhooks;
