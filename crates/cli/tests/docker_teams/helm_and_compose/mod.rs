//! The page of the team that has Helm and Docker Compose: its Compose half. The other half is played on a cluster, in `clusters`.

mod asked;
mod data;
mod deploys;
mod page;
mod stuck;
