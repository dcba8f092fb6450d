//! Commands that look and change nothing.

mod checkpoint;
mod data_standing;
mod data_text;
mod diff;
mod extract;
mod onlooker;
mod page;
mod past;
mod plan;
mod plan_text;
mod post_mortem;
mod standing;
mod status;

pub(crate) use checkpoint::{checkpoint_list, checkpoint_show};
pub(crate) use diff::diff;
pub(crate) use onlooker::world;
pub(crate) use page::{metrics, metrics_text, status_page};
pub(crate) use past::{history, report, show};
pub(crate) use plan::{plan, print_plan};
pub(crate) use plan_text::plan_text;
pub(crate) use status::status;
