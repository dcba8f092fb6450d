//! What `check --deep` looks at beside the rest: whether a way back that begins now would find what it needs.
//!
//! Contract: nothing is changed, fetched or started; what is looked at may be read to its end.

mod pins;
mod points;
mod rivals;
mod room;
mod soundness;
mod tools;

use backout_engine::World;

pub(super) use soundness::soundness;

use super::finding::Finding;
use crate::error::CliError;
use crate::wire::Setup;

/// Tools, images, restore points, room and ports.
///
/// # Errors
/// A journal that cannot be read.
pub(super) async fn deep(setup: &Setup, world: &World) -> Result<Vec<Finding>, CliError> {
    let mut findings = tools::tools(setup).await;
    findings.extend(pins::pins(setup, world).await?);
    findings.extend(points::points(setup, world).await?);
    findings.extend(room::room(setup, world).await?);
    findings.extend(rivals::rivals(world).await);
    Ok(findings)
}
