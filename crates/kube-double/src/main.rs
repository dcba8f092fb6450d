//! The double as a program of its own, for tests in another process.
//!
//! Prints one line of JSON, `{"url", "kubeconfig", "side_url"}`, and serves until its standard input ends or it is told to
//! end (SIGTERM, SIGINT). Instructions go as JSON to `SIDE_URL/double/script`.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use backout_kube_double::Double;
use serde_json::json;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told where even this fails.
            let _ = writeln!(io::stderr(), "backout-kube-double: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let double = Double::start()?;
    let told = json!({"url": double.url(), "kubeconfig": double.kubeconfig(), "side_url": double.side_url()});
    writeln!(io::stdout(), "{told}")?;
    io::stdout().flush()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(until_told())?;
    // The thread that reads standard input is not waited for.
    runtime.shutdown_background();
    Ok(())
}

async fn until_told() -> io::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let input = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        _ = terminated.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = input => Ok(()),
    }
}
