//! The order of the measurements, and the tables of what came out.

use super::many;
use super::recovery::{ALL, Measured};
use super::requests::{self, Compared};
use super::site::Programs;
use crate::bench::machine;
use crate::failure::Failure;

/// Measures and prints the tables in Markdown.
pub(crate) fn command() -> Result<(), Failure> {
    let programs = Programs::build()?;
    println!("{}; {}; load average at the start {}\n", machine::words()?, programs.versions()?, machine::load()?);
    number_of_requests(&programs)?;
    two_hundred(&programs)?;
    recoveries(&programs)?;
    println!("\nload average at the end {}", machine::load()?);
    Ok(())
}

fn number_of_requests(programs: &Programs) -> Result<(), Failure> {
    println!("| going back | requests | by verb | discovery | ratio |\n|---|---|---|---|---|");
    let workload = requests::of_a_workload(programs)?;
    row_of_requests(
        ["`backout rollback` of a Deployment", "`kubectl rollout undo`, `kubectl rollout status`"],
        &workload,
    );
    let release = requests::of_a_release(programs)?;
    row_of_requests(["`backout rollback` of a Helm release", "`helm rollback --wait`"], &release);
    println!();
    Ok(())
}

fn row_of_requests(who: [&str; 2], compared: &Compared) {
    let number = |count: usize| u32::try_from(count).map_or(f64::INFINITY, f64::from);
    let base = number(compared.theirs.all());
    for (who, requests) in who.iter().zip([&compared.ours, &compared.theirs]) {
        let (all, words) = (requests.all(), requests.words());
        println!("| {who} | {all} | {words} | {} | {:.2} |", requests.discovery, number(all) / base);
    }
}

fn two_hundred(programs: &Programs) -> Result<(), Failure> {
    println!("| 200 Deployments | wall time | processor time | peak memory | requests |\n|---|---|---|---|---|");
    for cost in many::measure(programs)? {
        let (wall, processor, requests) = (cost.wall, cost.processor, cost.requests);
        println!("| {} | {wall} | {processor} | {:.1} MiB | {requests} |", cost.who, cost.peak_mib);
    }
    println!();
    Ok(())
}

fn recoveries(programs: &Programs) -> Result<(), Failure> {
    println!(
        "| who | times | until healthy: median (min to max) | until it says so | faster than Helm's default |\n|---|---|---|---|---|"
    );
    let all: Result<Vec<Measured>, Failure> = ALL.iter().map(|recoverer| recoverer.measure(programs)).collect();
    let all = all?;
    let base = all.last().map_or(0.0, |measured| measured.told.median());
    for (recoverer, Measured { well, told }) in ALL.iter().zip(&all) {
        println!("| {} | {} | {well} | {told} | {:.1} |", recoverer.who, recoverer.times, base / told.median());
    }
    Ok(())
}
