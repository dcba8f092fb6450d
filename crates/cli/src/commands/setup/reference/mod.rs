//! `backout reference`: pages of the documentation that are made from the program itself, so that they cannot lag behind it.

mod codes;
mod commands;
mod keys;
mod print;

pub(crate) use print::reference;
