//! Which clients.

/// The clients of one time: what holds for one of them need not hold for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// `kubectl` 1.32.3 and Helm 3.17.2.
    Helm3,
    /// `kubectl` 1.37.1 and Helm 4.3.1.
    Helm4,
}

impl Generation {
    /// Both, the older first.
    pub const BOTH: [Self; 2] = [Self::Helm3, Self::Helm4];

    /// The folder of the test-bed's part `kube` that its programs are in.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Helm3 => "v32",
            Self::Helm4 => "v37",
        }
    }
}
