//! Host services against real git repositories, real release folders and real processes. The one double is a small
//! program called `systemctl`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, helpers included")]

mod files;
mod git;
mod releases;
mod supervisor;
mod systemctl;
mod world;

/// Not a test by itself: the supervising program of the other tests, which start this binary with options.
#[tokio::test]
async fn supervising_process() {
    #[expect(clippy::disallowed_methods, reason = "how the other tests tell this one what to do")]
    let (options, environment) = (std::env::var_os("SUPERVISE_OPTIONS"), std::env::vars_os().collect());
    if let Some(options) = options {
        backout_adapters::host::supervise(options.as_ref(), &environment, &world::WallClock).await.unwrap();
    }
}
