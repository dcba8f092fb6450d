//! One run as a state machine.
