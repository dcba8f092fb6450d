//! The image `FROM scratch`: the tree, and the few files that a static program looks for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::command::folder;
use super::extras::copy;
use crate::failure::Failure;
use crate::process::Call;

/// The image's name.
pub(super) const NAME: &str = "backout:latest";

/// Whom certificates are trusted from; of Debian's `ca-certificates`.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

const DOCKERFILE: &str = "\
FROM scratch
COPY root/ /
USER 65532
WORKDIR /work
ENTRYPOINT [\"/usr/bin/backout\"]
";

const USERS: &str = "root:x:0:0:root:/:/\nbackout:x:65532:65532:backout:/work:/\n";

/// Builds it from the tree. Returns its id.
pub(super) fn build(root: &Path) -> Result<String, Failure> {
    let context = folder().join("image");
    let _ = fs::remove_dir_all(&context);
    let to = context.join("root");
    fs::create_dir_all(&to).map_err(Failure::file(&to))?;
    Call::new("cp").args(["--recursive", "--link"]).args([root.join("usr"), to.join("usr")]).output()?;
    copy(Path::new(AUTHORITIES), &to.join("etc/ssl/certs/ca-certificates.crt"))?;
    for (file, text) in [("etc/passwd", USERS), ("../Dockerfile", DOCKERFILE)] {
        let file = to.join(file);
        fs::write(&file, text).map_err(Failure::file(&file))?;
    }
    for folder in ["tmp", "work"] {
        let folder = to.join(folder);
        fs::create_dir(&folder).map_err(Failure::file(&folder))?;
        // Whoever it runs as may keep something there, and remove only what is theirs.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777)).map_err(Failure::file(&folder))?;
    }
    let build = Call::new("docker").env("DOCKER_BUILDKIT", "0").args(["build", "--quiet", "--tag", NAME]);
    Ok(build.args([&context]).output()?.trim().to_owned())
}
