//! What the server says about itself.

pub(crate) mod discovery;
pub(crate) mod openapi;
