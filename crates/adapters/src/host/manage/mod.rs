//! How host services are started, stopped and looked at: systemd units, the user's own commands, our supervisor.

mod bus;
mod command;
mod keeper;
mod supervised;
mod systemctl;
mod units;
mod variables;

pub(crate) use command::OwnCommands;
pub(crate) use keeper::{Changes, Keeper, Process, Surroundings, Told};
pub(crate) use supervised::Supervised;
pub(crate) use units::Units;
pub(crate) use variables::resolve;
