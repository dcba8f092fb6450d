//! `kill -9` of what a policy does beside going back: maintenance mode, plan B, a countdown, a fallback,
//! leading users elsewhere. Whoever goes on ends
//! where nobody was killed.

mod countdown;
mod fallback;
mod led;
mod maintenance;
mod plan_b;
mod stage;
