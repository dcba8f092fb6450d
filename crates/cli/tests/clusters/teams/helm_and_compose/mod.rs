//! The page of the team that has Helm and Docker Compose: its Helm half. The other half is played on Docker, in `docker_teams`.

mod page;
mod release;
mod stuck;
