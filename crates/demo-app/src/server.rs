//! Sockets, threads and the process's end: accepts connections, and waits for whatever ends the application.
//!
//! Contract: [`run`] and [`serve`] block. A stop signal is a good end (`Ok`); a crash that the mode asks for is an error,
//! so that the binary's exit code tells them apart. When they return, the listener is closed.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::application::{Application, CRASH_ON_START, Reply};
use crate::http::{Request, Response};
use crate::mode::Mode;
use crate::options::Options;

/// Listens where the options say and serves until a stop signal arrives.
///
/// # Errors
/// The address cannot be listened on, or the mode made the application crash.
pub fn run(options: Options) -> io::Result<()> {
    let (sender, events) = mpsc::channel();
    forward_signals(sender.clone())?;
    let before = match options.mode {
        Mode::CrashOnStart => options.start_delay + CRASH_ON_START,
        _ => options.start_delay,
    };
    if let Ok(Event::Interrupt | Event::Terminate) = events.recv_timeout(before) {
        return Ok(());
    }
    if options.mode == Mode::CrashOnStart {
        return Err(crashed("it was told to crash on start"));
    }
    let listener = TcpListener::bind(&options.listen).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on `{}`: {error}; name a free address", options.listen))
    })?;
    serve_until(listener, options, sender, &events)
}

/// Serves on a listener that is already bound, with no regard to signals, until the mode makes the application crash.
///
/// # Errors
/// The mode made the application crash, or a thread could not be started.
pub fn serve(listener: TcpListener, options: Options) -> io::Result<()> {
    let (sender, events) = mpsc::channel();
    serve_until(listener, options, sender, &events)
}

/// What the waiting thread is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Terminate,
    Interrupt,
    ModeSwitched,
    CrashRequested,
}

/// What a connection's thread needs.
#[derive(Debug, Clone)]
struct Connections {
    application: Arc<Application>,
    events: Sender<Event>,
    stopped: Arc<AtomicBool>,
}

fn serve_until(
    listener: TcpListener,
    options: Options,
    sender: Sender<Event>,
    events: &Receiver<Event>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    log(format_args!("listening on {address}, version {}, mode {}", options.version, options.mode));
    let connections = Connections {
        application: Arc::new(Application::new(options, Instant::now())),
        events: sender,
        stopped: Arc::default(),
    };
    let application = Arc::clone(&connections.application);
    let stopped = Arc::clone(&connections.stopped);
    let acceptor = thread::Builder::new().name("accept".to_owned()).spawn(move || connections.accept(&listener))?;
    let end = wait_for_end(&application, events);
    stopped.store(true, Ordering::SeqCst);
    // Accepting blocks: a connection of our own makes it look at the flag.
    if TcpStream::connect_timeout(&reachable(address), Duration::from_secs(1)).is_ok() {
        let _ = acceptor.join();
    }
    end
}

fn wait_for_end(application: &Application, events: &Receiver<Event>) -> io::Result<()> {
    let mut leaked = Vec::new();
    loop {
        let current = application.current();
        let event = match (current.crash_at(), current.mode) {
            (Some(at), _) => events.recv_timeout(at.saturating_duration_since(Instant::now())),
            (None, Mode::Leak(_)) => events.recv_timeout(LEAKS_EVERY),
            (None, _) => events.recv().map_err(RecvTimeoutError::from),
        };
        if let (Err(RecvTimeoutError::Timeout), Mode::Leak(kib)) = (event, current.mode) {
            leaked.push(vec![1_u8; 1024 * kib as usize]);
            // Kept, although nobody reads it.
            std::hint::black_box(&leaked);
            continue;
        }
        match event {
            Ok(Event::Terminate) if application.current().mode == Mode::IgnoreTerm => {
                log(format_args!("SIGTERM is ignored, as the mode says"));
            }
            Ok(Event::Terminate | Event::Interrupt) => return Ok(()),
            Ok(Event::ModeSwitched) => log(format_args!("the mode is now {}", application.current().mode)),
            Ok(Event::CrashRequested) => return Err(crashed("it was told to exit on a request")),
            Err(RecvTimeoutError::Timeout) => return Err(crashed("its time to crash has come")),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

impl Connections {
    fn accept(&self, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else {
                // Out of descriptors or the like: leave the others time to finish.
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            let connection = self.clone();
            let started = thread::Builder::new().spawn(move || connection.answer(&stream));
            if let Err(error) = started {
                log(format_args!("a connection was dropped: no thread could be started: {error}"));
            }
        }
    }

    fn answer(&self, stream: &TcpStream) {
        if let Err(error) = self.exchange(stream) {
            log(format_args!("a connection broke: {error}"));
        }
    }

    fn exchange(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(CONNECTION_TIMEOUT))?;
        stream.set_write_timeout(Some(CONNECTION_TIMEOUT))?;
        let request = Request::read(stream)?;
        match self.application.reply(&request, Instant::now()) {
            Reply::Answer { delay, response } => {
                thread::sleep(delay);
                log_failure(&request, &response);
                response.write(stream, request.method != "HEAD")
            }
            Reply::Switched(response) => {
                self.tell(Event::ModeSwitched);
                response.write(stream, true)
            }
            Reply::Crash => {
                self.tell(Event::CrashRequested);
                Ok(())
            }
        }
    }

    fn tell(&self, event: Event) {
        // The receiver is gone only when the application already ends.
        let _ = self.events.send(event);
    }
}

/// How often an application in [`Mode::Leak`] takes more memory.
const LEAKS_EVERY: Duration = Duration::from_millis(100);

const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Process 1 of a container ignores `SIGTERM` unless a handler is installed, hence this one.
fn forward_signals(events: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let event = if signal == SIGTERM { Event::Terminate } else { Event::Interrupt };
            if events.send(event).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        match address {
            SocketAddr::V4(_) => address.set_ip(std::net::Ipv4Addr::LOCALHOST.into()),
            SocketAddr::V6(_) => address.set_ip(std::net::Ipv6Addr::LOCALHOST.into()),
        }
    }
    address
}

fn crashed(why: &str) -> io::Error {
    io::Error::other(format!("the application crashed: {why}"))
}

fn log_failure(request: &Request, response: &Response) {
    if response.status >= 500 {
        log(format_args!("{} {} answered {}", request.method, request.path, response.status));
    }
}

/// Writes one line to stderr; a log that cannot be written must not end the application.
fn log(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "backout-demo-app: {line}");
}
