//! Commands about databases: restore points, rows that were lost, migrations.

mod aside;
mod backup;
mod base;
mod by_hand;
mod create;
mod list;
mod migrate;
mod named;
mod reimport;
mod restore;
mod verify;
mod wish;

pub(crate) use backup::backup;
pub(crate) use migrate::migrate;
pub(crate) use named::newest_points;
pub(crate) use wish::wish;
