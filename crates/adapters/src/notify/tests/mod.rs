//! Every kind of notifier against a small real receiver on loopback.

mod mail;
mod services;
mod world;
