//! What is shipped: one static program, in a `.deb` and in an image `FROM scratch`, each with completions and manual pages.
//!
//! `binary` builds it, `extras` has it write what belongs beside it, `deb` and `image` pack that, `check` looks at what came of
//! it as somebody who installs it would.

mod binary;
mod check;
mod command;
mod deb;
mod extras;
mod image;

pub(crate) use command::command;
pub(crate) use deb::tool;
