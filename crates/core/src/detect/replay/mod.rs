//! Replays: what a watch heard, kept, and what the same judge says of it again, or would have said with other settings.

mod played;
mod recording;
mod setting;

pub use played::{Played, replay};
pub use recording::{FORMAT, KeptWatch, Recorder};
pub use setting::Setting;
