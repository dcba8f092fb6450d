//! The page of the Predator Analytics team: its three ways back, its four scenarios, its database, and what it says of the time
//! afterwards.

mod argocd;
mod asked;
mod data;
mod deploys;
mod kubectl;
mod page;
mod stage;
mod stuck;
