//! The GitHub Action and the GitLab template, by running their scripts as the runners do: a site in release folders is
//! deployed, well and badly.

mod action;
mod confirmed;
mod runner;
mod site;
mod template;
