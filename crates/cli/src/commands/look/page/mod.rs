//! What others read: a page of the status, and metrics.

mod metrics;
mod status;

pub(crate) use metrics::{metrics, metrics_text};
pub(crate) use status::status_page;
