//! Who else has, or may take, what the services publish.

use backout_engine::World;

use crate::commands::setup::check::finding::Finding;

/// One finding for each rival, or that there is none.
pub(super) async fn rivals(world: &World) -> Vec<Finding> {
    let check = "published ports";
    let mut findings = Vec::new();
    for hosted in &world.platforms {
        match hosted.platform.rivals(&hosted.services).await {
            Ok(Some(rivals)) if rivals.is_empty() => {
                findings.push(Finding::holds(check, "nobody else has or wants them"))
            }
            Ok(Some(rivals)) => findings.extend(rivals.into_iter().map(|rival| match rival.blocks {
                true => Finding::fails(check, rival.what).hint(rival.hint),
                false => Finding::note(check, rival.what).hint(rival.hint),
            })),
            Ok(None) => {}
            Err(error) => findings.push(Finding::note(check, error.what).hint(error.hint)),
        }
    }
    findings
}
