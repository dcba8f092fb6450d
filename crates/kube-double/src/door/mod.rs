//! Who comes in: certificates of an authority made for the test, client certificates and tokens.

mod accounts;
mod authority;
mod tls;

pub(crate) use accounts::Accounts;
pub(crate) use authority::Authority;
pub use authority::Identity;
pub(crate) use tls::acceptor;
