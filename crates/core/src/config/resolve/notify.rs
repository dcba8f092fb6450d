//! Who is told.

use super::context::Context;
use crate::config::raw::RawNotify;
use crate::config::{Notify, SlackNotify};

/// Who is told.
pub(super) fn notify(raw: Option<&RawNotify>, context: &mut Context<'_>) -> Notify {
    let webhook = raw.and_then(|raw| raw.slack.value()).and_then(|raw| raw.webhook.value());
    let slack = webhook.and_then(|scalar| {
        let webhook = context.secret(scalar, |text| !text.contains("${"))?;
        Some(SlackNotify { webhook })
    });
    Notify { slack }
}
