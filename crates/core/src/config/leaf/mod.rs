//! Single values: how each is written, and what is wrong with those that cannot be read.

mod address;
mod duration;
mod keyword;
mod mail;
mod number;
mod rule;
mod secret;
mod signal;
mod store;
mod tag;
mod text;
mod threshold;

pub(super) use address::{Address, HttpUrl};
pub(super) use duration::Period;
pub(super) use keyword::{Comparand, FlushWord, NotifierKind};
pub(super) use mail::{MailAddress, SmtpAddress};
pub(super) use number::{Bytes, Positive, Times};
pub(super) use rule::{Amount, ClockOffset, Day, Moment, PresetName};
pub(super) use secret::{is_variable, literal_password};
pub(super) use signal::CheckPath;
pub(super) use store::{AgeRecipient, StoreAddress};
pub(super) use tag::TagPattern;
pub(super) use text::{Pattern, Word};
pub(super) use threshold::Percent;
