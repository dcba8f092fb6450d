//! Ten thousand targets on loopback: `cargo xtask bench probes` starts this twice, as what is probed and as what probes.
//!
//! `respond PORT [CERTIFICATE KEY]` answers until it is ended. `probe PORT TARGETS EVERY_MS SECONDS [reuse] [tls] [http2]`
//! probes that with the scheduler and the client of the product, and prints one line of JSON.
#![expect(clippy::print_stdout, reason = "a program that measures, and prints what it has seen")]

mod prober;
mod responder;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match words.as_slice() {
        ["respond", port, identity @ ..] => {
            let identity = match identity {
                [certificate, key] => Some(responder::Identity { certificate, key }),
                _ => None,
            };
            Ok(runtime.block_on(responder::respond(port.parse()?, identity))?)
        }
        ["probe", port, targets, every, seconds, how @ ..] => {
            let order = prober::Order {
                port: port.parse()?,
                targets: targets.parse()?,
                every_ms: every.parse()?,
                seconds: seconds.parse()?,
                is_reused: how.contains(&"reuse"),
                is_tls: how.contains(&"tls"),
                is_http2: how.contains(&"http2"),
            };
            let measured = runtime.block_on(prober::measure(&order))?;
            println!("{}", serde_json::to_string(&measured)?);
            Ok(())
        }
        // `cargo test --benches` and the like: there is nothing to test.
        _ => Ok(()),
    }
}
