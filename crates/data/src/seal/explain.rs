//! What went wrong with a stream, in words.
//!
//! The words travel inside of [`io::Error`], because streams know no other error; [`failed`] takes them out again.

use std::io::{self, ErrorKind, Read};

use backout_core::port::PortError;

/// Our words as an error of a stream.
pub(crate) fn broken(error: PortError) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

/// What an error of a stream says, after what was being done: our words where it has any, else the system's.
pub(crate) fn failed(what: &str, error: &io::Error) -> PortError {
    if let Some(ours) = words(error) {
        return PortError { what: format!("{what}: {}", ours.what), hint: ours.hint.clone() };
    }
    let port = PortError::new(format!("{what}: {error}"));
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            port.hint("make room there, or keep fewer backups: `keep`")
        }
        ErrorKind::ReadOnlyFilesystem => port.hint("mount it so that it can be written, or name another store"),
        ErrorKind::PermissionDenied => port.hint("let the user that runs `backout` read and write there"),
        _ => port,
    }
}

/// A stream whose layer's errors are told in our words.
pub(super) struct Explained<R> {
    source: R,
    layer: &'static str,
}

impl<R: Read> Explained<R> {
    /// `layer` is the name of what is being undone: `zstd`.
    pub(super) fn new(source: R, layer: &'static str) -> Self {
        Self { source, layer }
    }
}

impl<R: Read> Read for Explained<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.source.read(buf).map_err(|error| explained(self.layer, error))
    }
}

/// An error met while a layer was undone. One that came from below is left as it is.
pub(super) fn explained(layer: &str, error: io::Error) -> io::Error {
    let is_from_below = words(&error).is_some() || error.raw_os_error().is_some();
    if is_from_below || error.kind() == ErrorKind::Interrupted {
        return error;
    }
    let hint = "it was damaged or changed after it was written: use another restore point";
    match error.kind() {
        ErrorKind::UnexpectedEof => broken(cut_short(layer)),
        _ => broken(PortError::new(format!("this is not what {layer} wrote: {error}")).hint(hint)),
    }
}

/// It ends before its end.
pub(super) fn cut_short(layer: &str) -> PortError {
    PortError::new(format!("what {layer} wrote was cut short")).hint("use another restore point")
}

fn words(error: &io::Error) -> Option<&PortError> {
    error.get_ref()?.downcast_ref()
}
