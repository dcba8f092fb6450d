//! What pages tell people to type about clusters.

use backout_kube_double::Double;
use backout_testkit::guarded::end_all_of;
use backout_testkit::kube::{Generation, KubeClients};
use backout_testkit::told::{Book, Stage, copy_examples, play};

use crate::site::Site;

fn stage(clients: &KubeClients) -> Stage {
    let variables = clients.environment().into_iter().map(|(name, value)| (name.into(), value)).collect();
    let program = env!("CARGO_BIN_EXE_backout").into();
    Stage { folder: clients.folder().to_owned(), program, variables, words: Vec::new() }
}

#[test]
fn the_pages_about_workloads_do_what_they_say() {
    for chapter in Book::open().chapters(&["workload"]) {
        let Some(site) = Site::workload("the_pages_about_workloads_do_what_they_say", Generation::Helm4) else {
            return;
        };
        let _ = play(&chapter, &stage(&site.clients));
    }
}

#[test]
fn the_pages_about_releases_do_what_they_say() {
    for chapter in Book::open().chapters(&["helm"]) {
        let double = Double::start().unwrap();
        let test = "the_pages_about_releases_do_what_they_say";
        let Some(clients) = KubeClients::new(test, Generation::Helm4, &double.kubeconfig()) else { return };
        copy_examples(clients.folder(), &[]);
        let _ = play(&chapter, &stage(&clients));
        end_all_of(clients.folder());
    }
}
