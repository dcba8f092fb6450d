//! What a time of deploys and rollbacks was like: how many went well, how long going back took, and whether that was as agreed.

mod changelog;
mod dora;
mod goal;
mod html;
mod kind;
mod markdown;
mod story;
mod summary;
#[cfg(test)]
mod tests;

pub use changelog::{CHANGELOG_KINDS, Change, Deployed, changelog, changelog_markdown};
pub use dora::Dora;
pub use goal::{Goal, Goals};
pub use html::{PageError, period_html};
pub use kind::{Figures, Kind};
pub use markdown::period_markdown;
pub use story::{Scope, Story, agreed_for, scope_of, stories};
pub use summary::{Period, Share, Spread, period};
