//! What came of the packages, looked at as somebody who installs them would: what is in the `.deb`, and what the image can do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::command::folder;
use super::extras::files;
use super::image::NAME;
use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// What every package must bring, with its mode.
const NEEDED: [(&str, &str); 7] = [
    ("./usr/bin/backout", "-rwxr-xr-x"),
    ("./usr/share/man/man1/backout.1.gz", "-rw-r--r--"),
    ("./usr/share/man/man1/backout-guard.1.gz", "-rw-r--r--"),
    ("./usr/share/bash-completion/completions/backout", "-rw-r--r--"),
    ("./usr/share/zsh/vendor-completions/_backout", "-rw-r--r--"),
    ("./usr/share/fish/vendor_completions.d/backout.fish", "-rw-r--r--"),
    ("./usr/lib/systemd/system/backout-watch@.service", "-rw-r--r--"),
];

/// A service that nothing runs, and whose probe leads to another container by its name.
const CONFIGURATION: &str = "version: 1
project: shop
environments:
  test:
    services:
      web:
        platform: { host: {} }
        run: [/usr/bin/backout, demo-app]
        artifacts: { config: [backout.yaml] }
        probes: { health: { http: \"http://backout-package-app:8080/health\" } }
";

/// The network and the container that a name is resolved to.
const NETWORK: &str = "backout-package";
const APPLICATION: &str = "backout-package-app";
/// The container that watches.
const WATCH: &str = "backout-package-watch";

/// Whether `cargo install --path` gives a program that does the main job. It shares the workspace's build folder, and costs a link.
pub(super) fn source() -> Result<(), Failure> {
    let root = folder().join("cargo");
    let words = ["install", "--quiet", "--path", "crates/cli", "--locked", "--offline", "--debug", "--root"];
    Call::new("cargo").args(words).args([&root]).folder(workspace::root()).output()?;
    let demo = Call::new(root.join("bin/backout")).args(["demo", "--json"]).folder(&root);
    has(&demo.output()?, "\"result\": \"rolled_back\"")?;
    println!("package: `cargo install --path crates/cli` gives a program that plays its demo");
    Ok(())
}

/// Whether everything is in it, its pages can be read, and no script of it stops what runs.
pub(super) fn deb(deb: &Path, root: &Path) -> Result<(), Failure> {
    let listed = Call::new("dpkg-deb").args(["--contents"]).args([deb]).output()?;
    for (path, mode) in NEEDED {
        let line = listed.lines().find(|line| line.ends_with(&format!(" {path}")));
        if !line.is_some_and(|line| line.starts_with(mode) && line.contains(" 0/0 ")) {
            return Err(Failure::Check(format!("`{path}` is not in the package as {mode}: {line:?}")));
        }
    }
    let control = folder().join("control");
    let _ = fs::remove_dir_all(&control);
    Call::new("dpkg-deb").args(["--control"]).args([deb, &control]).output()?;
    if let Some(other) = files(&control)?.iter().find(|name| !["control", "md5sums"].contains(&name.as_str())) {
        return Err(Failure::Check(format!("the package was to have no scripts, and has `{other}`")));
    }
    let pages = root.join("usr/share/man/man1");
    let written = files(&pages)?;
    let packed = listed.lines().filter(|line| line.contains("/man1/backout")).count();
    if packed != written.len() {
        return Err(Failure::Check(format!("{packed} manual pages are packed, and {} were written", written.len())));
    }
    installs(deb)?;
    println!("package: the `.deb` has the program, its units, completions, {packed} manual pages, and no scripts");
    Ok(())
}

/// Whether it can be installed where nothing else is, runs, and leaves nothing when it is removed.
fn installs(deb: &Path) -> Result<(), Failure> {
    let root = folder().join("installed");
    let _ = fs::remove_dir_all(&root);
    let records = root.join("var/lib/dpkg");
    for folder in ["info", "updates"].map(|name| records.join(name)) {
        fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    }
    let status = records.join("status");
    fs::write(&status, "").map_err(Failure::file(&status))?;
    let dpkg = || Call::new("dpkg").args(["--root"]).args([&root]);
    dpkg().args(["--install"]).args([deb]).output()?;
    let program = root.join("usr/bin/backout");
    has(&Call::new(&program).args(["--version"]).output()?, "backout ")?;
    dpkg().args(["--purge", "backout"]).output()?;
    match program.exists() {
        true => Err(Failure::Check(format!("`{}` is there after it was removed", program.display()))),
        false => Ok(()),
    }
}

/// Whether the program works alone: it explains, reads a configuration, resolves a name, and ends when it is told to.
pub(super) fn image() -> Result<(), Failure> {
    let work = folder().join("work");
    fs::create_dir_all(&work).map_err(Failure::file(&work))?;
    fs::set_permissions(&work, fs::Permissions::from_mode(0o777)).map_err(Failure::file(&work))?;
    let file = work.join("backout.yaml");
    fs::write(&file, CONFIGURATION).map_err(Failure::file(&file))?;
    tidy();
    let looked = works(&format!("{}:/work", work.display()));
    tidy();
    looked?;
    println!("package: the image explains, checks, resolves a name, and ends when it is told to");
    Ok(())
}

fn works(mount: &str) -> Result<(), Failure> {
    docker(&["network", "create", NETWORK])?;
    docker(&["run", "--detach", "--name", APPLICATION, "--network", NETWORK, "backout-test/app:base"])?;
    let run =
        |words: &[&str]| docker(&[&["run", "--rm", "--network", NETWORK, "--volume", mount, NAME], words].concat());
    has(&run(&["explain", "target-gone"])?, "# target-gone")?;
    has(&run(&["check", "--offline", "--json"])?, "\"holds\": true")?;
    // Asked by a name that only the resolver of the network knows.
    has(&run(&["status"])?, "1/1 up")?;
    docker(&["run", "--detach", "--name", WATCH, "--network", NETWORK, "--volume", mount, NAME, "watch"])?;
    let began = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        docker(&["logs", WATCH]).is_ok_and(|said| said.contains("`web` is not there"))
    });
    docker(&["stop", WATCH])?;
    has(&docker(&["inspect", "--format", "ended with {{.State.ExitCode}}", WATCH])?, "ended with 0")?;
    if began { Ok(()) } else { Err(Failure::Check("the image did not begin to watch".to_owned())) }
}

fn has(said: &str, wanted: &str) -> Result<(), Failure> {
    match said.contains(wanted) {
        true => Ok(()),
        false => Err(Failure::Check(format!("`{wanted}` was to be said, and what is said is: {said}"))),
    }
}

/// Removes what an earlier check may have left as well; what is not there needs no removing.
fn tidy() {
    for words in [["rm", "--force", APPLICATION].as_slice(), &["rm", "--force", WATCH], &["network", "rm", NETWORK]] {
        let _ = docker(words);
    }
}

fn docker(words: &[&str]) -> Result<String, Failure> {
    Call::new("docker").args(words).output()
}
