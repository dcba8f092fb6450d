//! What `core` promises, tested from outside: random environments, their plans, and runs in a world in memory.

#[cfg(test)]
mod agreed;
#[cfg(test)]
mod fed;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod ladder;
#[cfg(test)]
mod legality;
#[cfg(test)]
mod linter;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod noticed;
#[cfg(test)]
mod planner;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod records;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod world;
