//! The processes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cluster::Launch;
use crate::programs::asked::Question;
use crate::programs::news::News;

/// What a program writes, in the folder of its pod.
const LOG: &str = "log";
/// So many looks after its pod has gone a program is killed: what it was asked before is answered.
const GRACE: u32 = 5;
/// So many questions in a row must fail before a program that was ready is not.
const MISSES: u32 = 2;

/// What is to run, by the id of its pod, with the files that it mounts.
pub(crate) type Wanted = BTreeMap<String, (Launch, BTreeMap<String, String>)>;

/// All that run, by the id of their pod; none any more once the double has ended.
#[derive(Debug)]
pub(crate) struct Programs(Mutex<Option<BTreeMap<String, Running>>>);

/// A process, killed when this is dropped.
#[derive(Debug)]
struct Running {
    child: Child,
    port: u16,
    health: Option<String>,
    /// Below which its files are, and what is there.
    root: PathBuf,
    files: BTreeMap<String, String>,
    /// How often its pod has been missed.
    gone: u32,
    is_ready: bool,
    misses: u32,
}

impl Programs {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Some(BTreeMap::new())))
    }

    /// Ends all of them, and starts none any more.
    pub(crate) fn end(&self) {
        drop(self.lock().take());
    }

    /// Starts what is wanted and does not run, ends what nobody wants, keeps files as they are to be, and tells what is new; none
    /// once all is over.
    pub(crate) fn follow(&self, wanted: &Wanted, folder: &Path) -> Option<Vec<(String, News)>> {
        let mut programs = self.lock();
        let programs = programs.as_mut()?;
        let mut news = Vec::new();
        programs.retain(|pod, running| {
            running.gone = if wanted.contains_key(pod) { 0 } else { running.gone + 1 };
            running.gone < GRACE
        });
        programs.retain(|pod, running| match running.child.try_wait() {
            Ok(None) => true,
            ended => {
                news.push((pod.clone(), News::Ended { is_well: matches!(ended, Ok(Some(code)) if code.success()) }));
                false
            }
        });
        let ended: Vec<String> = news.iter().map(|(pod, _)| pod.clone()).collect();
        for (pod, (launch, files)) in wanted.iter().filter(|(pod, _)| !ended.contains(pod)) {
            if let Some(running) = programs.get_mut(pod) {
                running.mount(files);
                continue;
            }
            let place = folder.join(pod);
            match start(launch, files, &place) {
                Ok(running) => {
                    news.push((pod.clone(), News::Started { port: running.port, log: place.join(LOG) }));
                    programs.insert(pod.clone(), running);
                }
                Err(_) => news.push((pod.clone(), News::Ended { is_well: false })),
            }
        }
        Some(news)
    }

    /// Who is to be asked whether they are ready.
    pub(crate) fn questions(&self) -> Vec<Question> {
        let programs = self.lock();
        let all = programs.iter().flatten();
        all.map(|(pod, running)| (pod.clone(), running.port, running.health.clone())).collect()
    }

    /// Takes the answers in, and tells which of them are new.
    pub(crate) fn hear(&self, answers: Vec<(String, bool)>) -> Vec<(String, News)> {
        let mut programs = self.lock();
        let Some(programs) = programs.as_mut() else { return Vec::new() };
        let mut news = Vec::new();
        for (pod, is_ready) in answers {
            let Some(running) = programs.get_mut(&pod) else { continue };
            running.misses = if is_ready { 0 } else { running.misses + 1 };
            let is_ready = is_ready || (running.is_ready && running.misses < MISSES);
            if is_ready != running.is_ready {
                running.is_ready = is_ready;
                news.push((pod, News::Ready(is_ready)));
            }
        }
        news
    }

    fn lock(&self) -> MutexGuard<'_, Option<BTreeMap<String, Running>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Has its files be these.
    fn mount(&mut self, files: &BTreeMap<String, String>) {
        if self.files != *files {
            mount(&self.root, &self.files, files);
            self.files.clone_from(files);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the double does not depend on the adapters that it tests")]
fn start(launch: &Launch, files: &BTreeMap<String, String>, place: &Path) -> io::Result<Running> {
    let (name, arguments) = launch.program.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    std::fs::create_dir_all(place)?;
    let (output, root) = (File::create(place.join(LOG))?, place.join("root"));
    let mut command = Command::new(name);
    command.args(arguments).current_dir(&launch.program.folder).stdin(Stdio::null());
    command.envs(&launch.program.variables).envs(&launch.variables).env("PORT", port.to_string());
    command.env("ROOT", &root).stderr(output.try_clone()?).stdout(output);
    mount(&root, &BTreeMap::new(), files);
    let child = command.spawn()?;
    let (health, files) = (launch.health.clone(), files.clone());
    Ok(Running { child, port, health, root, files, gone: 0, is_ready: false, misses: 0 })
}

/// Takes away what was below a folder and is not to be, and writes what is to be there.
#[expect(clippy::disallowed_methods, reason = "files of a test need no durability")]
fn mount(root: &Path, before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
    let place = |path: &str| root.join(path.trim_start_matches('/'));
    for path in before.keys().filter(|path| !after.contains_key(*path)) {
        let _ = std::fs::remove_file(place(path));
    }
    for (path, content) in after {
        let (file, next) = (place(path), place(&format!("{path}.next")));
        // A file that cannot be written is missed by the program, which says so.
        let _ = file.parent().map(std::fs::create_dir_all);
        let _ = std::fs::write(&next, content).and_then(|()| std::fs::rename(&next, &file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Program;

    fn launch(command: &[&str], folder: &Path) -> Launch {
        let program = Program {
            image: "web".to_owned(),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            folder: folder.to_owned(),
            variables: [("COLOUR".to_owned(), "red".to_owned())].into(),
        };
        let variables = [("IMAGE".to_owned(), "shop/web:2".to_owned())].into();
        Launch { container: "app".to_owned(), program, variables, health: None, ends: true }
    }

    fn wanted(pod: &str, command: &[&str], folder: &Path) -> Wanted {
        let files = [("/etc/web/COLOUR".to_owned(), "green".to_owned())].into();
        [(pod.to_owned(), (launch(command, folder), files))].into()
    }

    /// Looks again until something is new.
    fn news(programs: &Programs, wanted: &Wanted, logs: &Path) -> Vec<(String, News)> {
        for _ in 0..500 {
            let news = programs.follow(wanted, logs).unwrap();
            if !news.is_empty() {
                return news;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Vec::new()
    }

    #[test]
    fn a_program_has_its_variables_and_files_and_its_end_is_told() {
        let (programs, folder) = (Programs::new(), tempfile::tempdir().unwrap());
        let script = "echo $IMAGE $COLOUR $PORT $(cat $ROOT/etc/web/COLOUR); exit 3";
        let wanted_now = wanted("u", &["sh", "-c", script], folder.path());
        let begun = news(&programs, &wanted_now, folder.path());
        let [(_, News::Started { port, log })] = begun.as_slice() else { panic!("{begun:?}") };
        assert_eq!(news(&programs, &wanted_now, folder.path()), [("u".to_owned(), News::Ended { is_well: false })]);
        assert_eq!(std::fs::read_to_string(log).unwrap(), format!("shop/web:2 red {port} green\n"));
        let nowhere = wanted("v", &["/nowhere"], folder.path());
        assert_eq!(news(&programs, &nowhere, folder.path()), [("v".to_owned(), News::Ended { is_well: false })]);
    }

    #[test]
    fn a_file_that_changes_or_goes_does_so_for_the_program() {
        let (programs, folder) = (Programs::new(), tempfile::tempdir().unwrap());
        let mut wanted = wanted("u", &["sleep", "60"], folder.path());
        let read = || std::fs::read_to_string(folder.path().join("u/root/etc/web/COLOUR")).ok();
        let _ = news(&programs, &wanted, folder.path());
        assert_eq!(read().as_deref(), Some("green"));
        wanted.get_mut("u").unwrap().1.insert("/etc/web/COLOUR".to_owned(), "blue".to_owned());
        assert_eq!(programs.follow(&wanted, folder.path()), Some(Vec::new()));
        assert_eq!(read().as_deref(), Some("blue"));
        wanted.get_mut("u").unwrap().1.clear();
        assert_eq!(programs.follow(&wanted, folder.path()), Some(Vec::new()));
        assert_eq!(read(), None);
    }

    #[test]
    fn a_program_ends_a_moment_after_its_pod_and_all_end_with_the_double() {
        let (programs, folder) = (Programs::new(), tempfile::tempdir().unwrap());
        let left = wanted("v", &["sleep", "60"], folder.path());
        let mut both = wanted("u", &["sleep", "60"], folder.path());
        both.extend(left.clone());
        assert_eq!(news(&programs, &both, folder.path()).len(), 2);
        for look in 0..GRACE {
            assert_eq!(programs.questions().len(), 2, "look {look}");
            assert_eq!(programs.follow(&left, folder.path()), Some(Vec::new()));
        }
        assert_eq!(programs.questions().len(), 1);
        programs.end();
        assert_eq!((programs.questions().len(), programs.follow(&left, folder.path())), (0, None));
    }

    #[test]
    fn one_answer_that_fails_does_not_count() {
        let (programs, folder) = (Programs::new(), tempfile::tempdir().unwrap());
        let _ = news(&programs, &wanted("u", &["sleep", "60"], folder.path()), folder.path());
        let hear = |is_ready| programs.hear(vec![("u".to_owned(), is_ready)]);
        assert!(hear(false).is_empty());
        assert_eq!(hear(true), [("u".to_owned(), News::Ready(true))]);
        assert!(hear(false).is_empty());
        assert_eq!(hear(false), [("u".to_owned(), News::Ready(false))]);
    }
}
