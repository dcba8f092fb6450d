//! Tests of deciding about migrations.

mod schemas;

mod compatibility;
