//! Tells people: chats, pagers, status pages, mail, and addresses of one's own.
//!
//! Contract: what is sent is a value before it is sent, made by pure functions that are tested as text. A secret is looked up
//! for each letter, and masked in whatever is said about it. The same letter may be sent twice after a crash; wherever a service
//! knows an idempotency key, it gets the same one.
//!
//! | service | idempotency |
//! |---|---|
//! | webhook | header `Idempotency-Key` |
//! | PagerDuty, Opsgenie | `dedup_key`, `alias`: one alert a run |
//! | Slack's bot, status pages | one message or incident a run, updated; a crash between sending and recording may double the first |
//! | mail | the same `Message-ID`, by which mail programs know a second copy |
//! | Slack's webhook, Teams, Discord | none |
//!
//! | what happened | the letter |
//! |---|---|
//! | 2xx | was taken |
//! | 401, 403, 404, 408, 429, 5xx; no connection, no answer in time; a secret is missing | is tried again |
//! | another status | will never be taken |

mod chat;
mod client;
mod http;
mod mail;
mod pager;
mod slack;
mod status;
#[cfg(test)]
mod tests;
mod webhook;

pub use client::{NotifyClient, Wiring};
pub(crate) use http::{Asker, Request};
